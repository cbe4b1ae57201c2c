"""Grades of several graders, and rankings by a score: how well they agree, and what they find."""
