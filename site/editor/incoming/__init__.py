"""What staff bring from elsewhere: Word documents, web pages, workbooks and photos."""
