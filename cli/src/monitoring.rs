//! Alarms and dashboard, generated from a catalogue, a template and the settings of its pipeline.

pub mod watched;

mod expression;

pub mod cost;

pub mod alarm;

pub mod alarms;

mod layout;

pub mod dashboard;

pub mod check;
