"""What a learner sees and touches: pictures and panels."""
