"""What only interviewers have: properties that the candidate's kit does not show."""
