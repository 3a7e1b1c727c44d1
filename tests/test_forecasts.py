"""Forecasts that say what they know: sums that agree, intervals that hold, no look ahead."""
