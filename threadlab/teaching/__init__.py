"""What makes it a course: predictions and checks."""
