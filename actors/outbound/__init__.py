"""Files that we send: where they are, how one is uploaded once for many sends, and the fact sheet that is made here."""
