"""Which of the best messages become hits: repeats as one, corrections before what they correct."""
