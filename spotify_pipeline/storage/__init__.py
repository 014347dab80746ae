"""Where raw documents and table partitions live: a folder, or an S3 bucket, through the same code."""
