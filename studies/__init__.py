"""What is run to find out, not to get a model: figures that take many trainings or many evaluations."""
