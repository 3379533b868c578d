"""The recipients of a resource: from rows in the manifest and from files, checked, without those that a policy
excludes."""
