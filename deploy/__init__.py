"""`make deploy` and `make destroy`: the pipeline in AWS, as template.yaml describes it. Not part of the package."""
