// The inspector's scripts: what htmx sends carries the session's token.
import { sendToken } from "./csrf";
import { takeEarlyInput } from "./filters";
import { takeImports } from "./importing";
import { followNews } from "./live";
import { drawPlots } from "./plots";
import { followTimeline } from "./timeline";
import { tellTimes } from "./times";

sendToken();
// Behind htmx, which is ready by then.
document.addEventListener("DOMContentLoaded", () => {
  takeEarlyInput();
  tellTimes();
  drawPlots();
  followNews();
  followTimeline();
  takeImports();
});
