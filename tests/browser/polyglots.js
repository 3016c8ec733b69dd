/* Texts that become code where somebody is careless; each would call alert. And texts that are only hard to show. */
"use strict";

const PAYLOADS = [
	"<script>alert(1)</script>",
	"\"><img src=x onerror=alert(1)>",
	"'><svg/onload=alert(1)>",
	"javascript:alert(1)//'/*\\'/*\"/*\\\"/*</title></style></textarea></script>--><svg onload=alert(1)>",
	"jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert(1) )//%0D%0A%0d%0a//</stYle/</titLe/</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert(1)//>\\x3e",
	"{{constructor.constructor('alert(1)')()}}",
	"${alert(1)}",
	"<iframe srcdoc=\"<script>parent.alert(1)</script>\">",
	"<a href=\"javascript:alert(1)\">x</a>",
	"<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
	"\u202egnp.exe\u202c \u2066rtl\u2069",
	"فنجان قهوة من السيراميك الأزرق بحجم كبير",
	"👩‍👩‍👧‍👦🏳️‍🌈 ☕️ 🇩🇪",
	"x".repeat(300)
];

module.exports = { PAYLOADS };
