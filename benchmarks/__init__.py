"""What is measured, not tested: how long it takes, how much memory it needs, and what others need for the same."""
