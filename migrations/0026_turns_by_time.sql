-- Plots of all turns read those of the last hours or days, whatever their conversation. Traces are stored nearly in the
-- order of their times: a block range index tells where to look, and costs a write next to nothing.

create index turn_trace_by_moment on turn_trace using brin (asked_at) with (autosummarize = on);
