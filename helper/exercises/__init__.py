"""What each exercise expects: one file a notebook, same number and name."""
