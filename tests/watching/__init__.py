"""What happens to a live connection, and the doctor."""
