"""What a person can do, as functions; the command line is thin over them."""
