//! A local server in the place of Salesforce and of AWS.
