/*
 * Connecting an account by OAuth: off to Klaviyo's page. The screen "connected" takes what comes back.
 */
import { html } from "../core/dom.js";
import { send } from "../core/api.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, ProblemNote } from "./base.js";

const FIRST = "pannier.first"; /* the way of the first steps goes on behind Klaviyo's page */

export const wasFirst = () => sessionStorage.getItem(FIRST) === "1";

/* Does this Pannier have an app of Klaviyo? undefined = not known yet */
export function useOAuth(wanted = true) {
	const read = useRead(wanted ? "/connection" : null);

	return read.data && read.data.available;
}

export function OAuthButton({ account, apiUrl, first, label }) {
	const [run, state] = useAction(async () => {
		const wish = account ? { account } : apiUrl ? { api_url: apiUrl } : {};
		const { url } = await send("/connection/start", wish);

		sessionStorage.setItem(FIRST, first ? "1" : "");
		if (/^https?:/.test(url))
			location.assign(url);
	});

	return html`<${ProblemNote} error=${state.error} kept=${t("connect.kept")} />
		<${Button} kind="main" busy=${state.busy} onClick=${run}>${label || t("oauth.do")}<//>`;
}
