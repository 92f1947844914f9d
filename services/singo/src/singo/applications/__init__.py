"""Applications for a letter: from the first draft through the checks of the kelurahan to the signed letter or the refusal."""
