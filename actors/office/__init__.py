"""What an agency's office does with its data from a command line: import, export, links, a demo to look at."""
