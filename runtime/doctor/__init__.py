"""`majlis doctor`: looks at all that Majlis needs, judges it, changes nothing. Facts are read here, judged there."""
