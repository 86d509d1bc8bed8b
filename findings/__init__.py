"""What is wrong: rules, verdicts and findings."""
