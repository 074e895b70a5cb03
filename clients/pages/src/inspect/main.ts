// The inspector's scripts: what htmx sends carries the session's token.
import { sendToken } from "./csrf";
import { tellTimes } from "./times";

sendToken();
tellTimes();
