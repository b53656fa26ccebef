"""Around processes and files: children, records, statistics, comparisons. Nothing here imports PyTensor."""
