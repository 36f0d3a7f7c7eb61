"""The speed tables of `make bench`: each figure beside the same work done barely, in one run."""
