"""What an installation holds where one machine has many districts: their nginx, their units, their offices."""
