"""Tables and lists beside the files of a data set."""
