// The inspector's scripts: what htmx sends carries the session's token.
import { sendToken } from "./csrf";
import { followNews } from "./live";
import { drawPlots } from "./plots";
import { tellTimes } from "./times";

sendToken();
tellTimes();
drawPlots();
followNews();
