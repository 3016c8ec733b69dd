/*
 * Connecting a Klaviyo account: the key is tried before anything is kept.
 */
import { html, useState } from "../core/dom.js";
import { send } from "../core/api.js";
import { go, href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, Page, ProblemNote, Section } from "../parts/base.js";
import { CheckResult } from "../parts/check_result.js";
import { Form, TextField } from "../parts/form.js";
import { OAuthButton, useOAuth } from "../parts/oauth.js";
import { Steps } from "../parts/steps.js";

/* "Müller & Co" -> "muller-co" */
export function nameFrom(text) {
	const plain = (text || "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

	return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
}

function KeyForm({ apiUrl, setApiUrl, value, setValue, run, state }) {
	return html`<${Form} onSubmit=${() => value.trim() && run()}>
		<ol class="how">${[1, 2, 3].map((n) => html`<li key=${n}>${t(`connect.how.${n}`)}</li>`)}</ol>
		<${TextField} label=${t("connect.key")} help=${t("connect.key.help")} value=${value} onValue=${setValue} dir="ltr"
			type="password" autocomplete="off" placeholder="pk_" />
		<details><summary>${t("connect.elsewhere")}</summary>
			<${TextField} label=${t("setting.api_url")} help=${t("connect.api_url.help")} value=${apiUrl} onValue=${setApiUrl} dir="ltr"
				placeholder="https://a.klaviyo.com" inputmode="url" />
		</details>
		<${ProblemNote} error=${state.error} kept=${t("connect.kept")} />
		<div class="actions end"><${Button} type="submit" kind="main" busy=${state.busy}>${t("connect.check")}<//></div>
	<//>`;
}

/* Klaviyo's own way; the key stays the other one. */
function OAuthWay({ first, apiUrl }) {
	return html`<${Section} title=${t("oauth.title")} id="oauth"><p>${t("oauth.text")}</p>
		<div class="actions"><${OAuthButton} first=${first} apiUrl=${apiUrl.trim()} /></div><//>`;
}

export default function Connect({ query }) {
	const [key, setKey] = useState(""), [apiUrl, setApiUrl] = useState(""), [name, setName] = useState("");
	const [check, setCheck] = useState(null);
	const first = query.first === "1", oauth = useOAuth();
	const [runCheck, checking] = useAction(async () => {
		const body = apiUrl.trim() ? { key: key.trim(), api_url: apiUrl.trim() } : { key: key.trim() };
		const found = await send("/key-check", body);

		setName(nameFrom(found.organization) || "klaviyo");
		setCheck(found);
	});
	const [runAdd, adding] = useAction(async () => {
		const settings = {};

		if (apiUrl.trim())
			settings.api_url = apiUrl.trim();
		if (check.public_key)
			settings.public_key = check.public_key;
		await send("/accounts", { name: name.trim(), key: key.trim(), settings });
		go(href("store", { account: name.trim(), first: first ? "1" : "" }));
	});

	return html`<${Page} title=${t("connect.title")} lead=${t("connect.lead")}>
		${first && html`<${Steps} at="klaviyo" />`}
		${oauth && !check && html`<${OAuthWay} first=${first} apiUrl=${apiUrl} />`}
		<${Section} id="key" title=${oauth ? t("oauth.or_key") : ""}>
			${!check && html`<${KeyForm} ...${{ apiUrl, setApiUrl, value: key, setValue: setKey, run: runCheck, state: checking }} />`}
			${check && html`<${CheckResult} check=${check} />
				<${Form} onSubmit=${() => name.trim() && runAdd()}>
					${check.organization !== null && html`<${TextField} label=${t("connect.name")} help=${t("connect.name.help")}
						value=${name} onValue=${setName} dir="ltr" maxlength="63" />`}
					<${ProblemNote} error=${adding.error} kept=${t("connect.kept")} />
					<div class="actions end">
						<${Button} onClick=${() => setCheck(null)}>${t("connect.other")}<//>
						${check.organization !== null && html`<${Button} type="submit" kind="main" busy=${adding.busy}>
							${check.ok ? t("connect.do") : t("connect.anyway")}<//>`}
					</div>
				<//>`}
		<//>
	<//>`;
}
