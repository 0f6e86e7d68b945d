"""What happens when things break: kills, full disks, damaged and missing files, wrong clocks, hostile input."""
