"""`postroom replay`: days that have passed, built and rendered again from what was known then. Nothing is sent."""
