"""Other predictors of properties on the same splits: CGCNN, MEGNet, SchNet, compositions."""
