"""The append-only case log: its entries, who signed them, and what counts where two machines differ."""
