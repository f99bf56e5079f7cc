"""What the notebooks share: data, plots and checks. Read it: each module is short."""
