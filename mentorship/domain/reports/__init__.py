"""The figures of a report, its range of days, and how it is divided."""
