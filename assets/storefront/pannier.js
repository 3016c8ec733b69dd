/*
 * Pannier's storefront script: tells Pannier, and klaviyo.js where the store wants it, what visitors look at.
 *
 * Does:    takes product, cart, checkout, search, category and customer from calls, data attributes or
 *          JSON-LD; sends them so that they survive leaving the page; loads klaviyo.js in onsite and both.
 * Doesn't: keep, load or send anything without consent, against Do Not Track or GPC, or for robots.
 * Keeps:   an event goes by one channel only: by klaviyo.js in mode onsite, by beacon otherwise. It has an id
 *          of its own, so sending it again is harmless. See docs/storefront.md.
 */
(function (window, document, config) {
	"use strict";

	var SESSION_MS = 30 * 60000, EVENT_MAX_MS = 24 * 3600000, RETRY_MS = 30000;
	var EVENTS_MAX = 20, BODY_BYTES_MAX = 30000, CALLS_MAX = 20;
	var KLAVIYO = "https://static.klaviyo.com/onsite/js/klaviyo.js?company_id=";

	var navigator = window.navigator, location = window.location;
	var script = document.currentScript || document.querySelector("script[data-pannier]");
	var onsite = config.mode === "onsite" || config.mode === "both";
	var beacons = config.mode === "server" || config.mode === "both";
	/* What a person's browser says stands above what the page says. */
	var refused = navigator.globalPrivacyControl === true || navigator.doNotTrack === "1" ||
		window.doNotTrack === "1" || navigator.webdriver === true ||
		/(^|; )__kla_off=true/.test(cookies());

	var waiting = [], called = {}, onWay = {}, memory = {};
	var email = "", viewed = "", timer = 0, loaded = false, lasting = false;

	if (!script || config.mode === "off" || !config.mode)
		return;
	var endpoint = script.src.replace(/\.js([?#].*)?$/, "/events");

	/* ---- what is kept in the browser; without storage it lasts as long as the page ---- */

	function cookies() {
		try {
			return document.cookie;
		} catch (error) {
			return "";
		}
	}

	function recall(name) {
		try {
			return JSON.parse(window.localStorage.getItem("pannier_" + name)) || memory[name];
		} catch (error) {
			return memory[name];
		}
	}

	function remember(name, value) {
		memory[name] = value;
		try {
			window.localStorage.setItem("pannier_" + name, JSON.stringify(value));
			lasting = true;
		} catch (error) {
			lasting = false; /* full or forbidden: memory has it */
		}
	}

	function forgetAll() {
		memory = {};
		["visitor", "session", "queue", "cart", "checkout", "who", "token"].forEach(function (name) {
			try {
				window.localStorage.removeItem("pannier_" + name);
			} catch (error) {
				/* nothing was kept */
			}
		});
	}

	function newId() {
		var bytes = window.crypto.getRandomValues(new Uint8Array(16));

		return Array.prototype.map.call(bytes, function (byte) {
			return (byte + 256).toString(16).slice(1);
		}).join("");
	}

	function visitor() {
		var id = recall("visitor");

		if (!id)
			remember("visitor", id = newId());
		return id;
	}

	function session() {
		var now = Date.now(), known = recall("session");

		if (!known || now - known.at > SESSION_MS || now < known.at)
			known = { id: newId(), active: false };
		known.at = now;
		remember("session", known);
		return known;
	}

	/* ---- consent ---- */

	function allowed() {
		var said = recall("consent");

		if (refused)
			return false;
		return said ? said === "yes" : config.consent === "assume";
	}

	function consent(yes) {
		if (!yes)
			forgetAll();
		remember("consent", yes ? "yes" : "no");
		if (!yes || refused)
			return;
		start();
		waiting.splice(0).forEach(function (one) {
			call(one[0], one[1]);
		});
	}

	/* ---- who it is ---- */

	function parameter(name) {
		var found = new RegExp("[?&]" + name + "=([^&#]+)").exec(location.search);

		return found ? decodeURIComponent(found[1]) : "";
	}

	/* Klaviyo's own cookie, which anybody may have written. */
	function klaviyoCookie() {
		var found = /(?:^|; )__kla_id=([^;]{1,4096})/.exec(cookies()), value;

		try {
			value = JSON.parse(window.atob(decodeURIComponent(found[1])));
			return typeof value === "object" && value || {};
		} catch (error) {
			return {};
		}
	}

	function identity() {
		var cookie = klaviyoCookie(), token;

		try {
			token = parameter("_kx");
		} catch (error) {
			token = "";
		}
		token = token || cookie.$exchange_id || recall("token") || "";
		if (token && token !== recall("token"))
			remember("token", token);
		return { email: email || cookie.$email || undefined, exchange_token: token || undefined };
	}

	/* Enough to see that it is another person than last time, and not who. */
	function fingerprint(text) {
		var sum = 7;

		for (var i = 0; i < text.length; i++)
			sum = sum * 31 + text.charCodeAt(i) | 0;
		return "h" + sum;
	}

	function tellIdentity() {
		var who = identity(), print = fingerprint([who.email, who.exchange_token].join());

		if ((!who.email && !who.exchange_token) || recall("who") === print)
			return;
		remember("who", print);
		emit("identified", {});
	}

	/* ---- beacons ---- */

	function pageUrl() {
		return location.origin + location.pathname +
			location.search.replace(/([?&])_kx=[^&]*&?/, "$1").replace(/[?&]$/, "");
	}

	function emit(type, data) {
		var now = Date.now(), queue;

		if (!beacons)
			return;
		queue = (recall("queue") || []).filter(function (event) {
			return now - event.at < EVENT_MAX_MS && event.at <= now;
		});
		queue.push({
			id: newId(), type: "storefront." + type, at: now,
			data: Object.assign({
				anonymous_id: visitor(), session_id: session().id, page_url: pageUrl()
			}, identity(), data)
		});
		remember("queue", queue.slice(-EVENTS_MAX));
		later(0);
	}

	function later(wait_ms) {
		if (timer && wait_ms > 0)
			return;
		window.clearTimeout(timer);
		timer = window.setTimeout(flush, wait_ms);
	}

	function bodyOf(events) {
		return JSON.stringify({ key: config.key, sent_at: Date.now(), events: events });
	}

	/* As many of what waits as one request may hold. */
	function takeBatch() {
		var batch = [];

		(recall("queue") || []).forEach(function (event) {
			var more = batch.concat(event);

			if (onWay[event.id])
				return;
			if (!batch.length || new Blob([bodyOf(more)]).size < BODY_BYTES_MAX)
				batch = more;
		});
		return batch;
	}

	function post(body) {
		if (window.Request && "keepalive" in window.Request.prototype)
			return window.fetch(endpoint, {
				method: "POST", body: body, keepalive: true, credentials: "omit"
			}).then(function (answer) {
				return answer.status;
			});
		body = new Blob([body], { type: "text/plain" });
		return Promise.resolve(navigator.sendBeacon(endpoint, body) ? 204 : 0);
	}

	function flush() {
		var batch;

		window.clearTimeout(timer);
		timer = 0;
		batch = takeBatch();
		if (batch.length === 0 || !allowed())
			return;
		batch.forEach(function (event) {
			onWay[event.id] = true;
		});
		post(bodyOf(batch)).then(function (status) {
			settle(batch, status >= 200 && status < 500 && status !== 429);
		}, function () {
			settle(batch, false);
		});
	}

	/* done: Pannier has it or never will; otherwise it is tried again here or by the next page. */
	function settle(batch, done) {
		batch.forEach(function (event) {
			delete onWay[event.id];
		});
		if (!done) {
			later(RETRY_MS);
			return;
		}
		remember("queue", (recall("queue") || []).filter(function (event) {
			return !batch.some(function (sent) {
				return sent.id === event.id;
			});
		}));
		later(0);
	}

	/* ---- klaviyo.js ---- */

	function klaviyo() {
		var theirs = window.klaviyo;

		if (!onsite)
			return;
		if (!theirs || !theirs.push)
			theirs = window._klOnsite = window._klOnsite || [];
		theirs.push(Array.prototype.slice.call(arguments));
	}

	/* Metrics go one way only. */
	function track(metric, properties) {
		if (!beacons)
			klaviyo("track", metric, properties);
	}

	function active() {
		var known = session();

		if (known.active)
			return;
		known.active = true;
		remember("session", known);
		emit("active", {});
	}

	/* klaviyo.js tells Active on Site itself; blocked, it cannot. */
	function loadKlaviyo() {
		var element = document.createElement("script");

		element.async = true;
		element.onerror = active;
		try {
			element.src = KLAVIYO + encodeURIComponent(config.public_key);
			document.head.appendChild(element);
		} catch (error) {
			active(); /* the page's Trusted Types forbid it */
		}
	}

	function names(items) {
		return items.map(function (item) {
			return item.name;
		});
	}

	function number(value) {
		return value === undefined || value === null || value === "" ? undefined : Number(value);
	}

	/* As the catalog in Klaviyo knows it. */
	function catalogId(id) {
		return id === undefined ? undefined : config.id_prefix + id;
	}

	function categoriesOf(items) {
		var all = [];

		items.forEach(function (item) {
			(item.categories || []).forEach(function (name) {
				if (all.indexOf(name) < 0)
					all.push(name);
			});
		});
		return all;
	}

	function lineProperties(item) {
		return {
			ProductID: catalogId(item.product_id), SKU: item.sku, ProductName: item.name,
			Quantity: number(item.quantity), ItemPrice: number(item.price),
			RowTotal: number(item.price) * number(item.quantity), ProductURL: item.url,
			ImageURL: item.image_url, ProductCategories: item.categories
		};
	}

	function trackProduct(item) {
		track("Viewed Product", {
			ProductName: item.name, ProductID: catalogId(item.product_id), SKU: item.sku,
			Categories: item.categories, ImageURL: item.image_url, URL: item.url,
			Brand: item.brand, Price: number(item.price),
			CompareAtPrice: number(item.compare_at_price)
		});
		klaviyo("trackViewedItem", {
			Title: item.name, ItemId: catalogId(item.product_id), Categories: item.categories,
			ImageUrl: item.image_url, Url: item.url,
			Metadata: {
				Brand: item.brand, Price: number(item.price),
				CompareAtPrice: number(item.compare_at_price)
			}
		});
	}

	function trackCart(cart) {
		var added = cart.added;

		track("Added to Cart", {
			$value: number(cart.total), $value_currency: cart.currency,
			AddedItemProductName: added.name, AddedItemProductID: catalogId(added.product_id),
			AddedItemSKU: added.sku, AddedItemCategories: added.categories,
			AddedItemImageURL: added.image_url, AddedItemURL: added.url,
			AddedItemPrice: number(added.price), AddedItemQuantity: number(added.quantity),
			ItemNames: names(cart.items), CheckoutURL: cart.recover_url,
			Items: cart.items.map(lineProperties)
		});
	}

	function trackCheckout(cart) {
		track("Started Checkout", {
			$event_id: (cart.cart_id || visitor()) + "_" + Math.floor(Date.now() / 1000),
			$value: number(cart.total), $value_currency: cart.currency,
			ItemNames: names(cart.items), CheckoutURL: cart.recover_url,
			Categories: categoriesOf(cart.items), Items: cart.items.map(lineProperties)
		});
	}

	/* ---- what a page can tell ---- */

	function lineKey(item) {
		return [item.product_id, item.variant_id, item.sku].join("|");
	}

	function lineOf(item) {
		return { key: lineKey(item), quantity: number(item.quantity) };
	}

	/* What is in the cart now and was not before; without a memory of before nobody knows. */
	function addedTo(cart, before) {
		var added, lines = before ? before.lines : lasting ? [] : cart.items.map(lineOf);

		cart.items.forEach(function (item) {
			var old = lines.filter(function (line) {
				return line.key === lineKey(item);
			})[0];
			var more = number(item.quantity) - (old ? old.quantity : 0);

			if (more > 0 && !added)
				added = Object.assign({}, item, { quantity: more });
		});
		return added;
	}

	function withItems(cart) {
		return Object.assign({}, cart, { items: Array.isArray(cart.items) ? cart.items : [] });
	}

	/* False: this cart was told already, from this page or another one. */
	function isNews(name, cart) {
		var print = fingerprint(JSON.stringify(cart)), known = recall(name) || {};

		remember(name, {
			print: print,
			lines: cart.items.map(lineOf)
		});
		return known.print !== print;
	}

	var methods = {
		product: function (item) {
			if (item.product_id === undefined || viewed === item.product_id + pageUrl())
				return;
			viewed = item.product_id + pageUrl();
			emit("product_viewed", { product: item });
			trackProduct(item);
		},
		cart: function (given) {
			var cart = withItems(given), before = recall("cart");

			if (!isNews("cart", cart) || (!cart.items.length && !cart.cart_id))
				return;
			cart.added = cart.added || addedTo(cart, before);
			emit("cart_changed", { cart: cart });
			if (cart.added)
				trackCart(cart);
		},
		checkout: function (given) {
			var cart = withItems(given);

			if (!isNews("checkout", cart))
				return;
			emit("checkout_started", { cart: cart });
			trackCheckout(cart);
		},
		identify: function (customer) {
			email = typeof customer.email === "string" ? customer.email : "";
			if (email)
				klaviyo("identify", { email: email });
			tellIdentity();
		},
		search: function (search) {
			emit("searched", { search: search });
			track("Searched Site", {
				SearchTerm: search.term, ReturnedResults: number(search.results)
			});
		},
		category: function (category) {
			emit("category_viewed", { category: category });
			track("Viewed Category", {
				CategoryName: category.name, CategoryID: catalogId(category.id),
				ImageURL: category.image_url, URL: category.url
			});
		}
	};

	/* A call of the page; without consent it waits for it as long as the page lives. */
	function call(name, value) {
		called[name] = true;
		if (name === "consent") {
			consent(value === true);
			return;
		}
		if (!methods.hasOwnProperty(name) || !value || typeof value !== "object")
			return;
		if (allowed())
			methods[name](value);
		else if (waiting.length < CALLS_MAX)
			waiting.push([name, value]);
	}

	/* ---- what stands in the page ---- */

	function parse(text) {
		try {
			return JSON.parse(text);
		} catch (error) {
			return undefined;
		}
	}

	function findProduct(value) {
		if (Array.isArray(value))
			return value.map(findProduct).filter(Boolean)[0];
		if (!value || typeof value !== "object")
			return undefined;
		return /^(Product|ProductGroup)$/.test([].concat(value["@type"])[0]) ? value :
			findProduct(value["@graph"]) || findProduct(value.mainEntity);
	}

	function first(value) {
		return Array.isArray(value) ? value[0] : value;
	}

	/* schema.org Product in our words. */
	function fromSchema(product) {
		var offer = first(product.offers) || first((first(product.hasVariant) || {}).offers) || {};
		var image = first(product.image), brand = product.brand, category = product.category;

		return {
			product_id: product.productGroupID || product.productID || product.sku,
			sku: product.sku, name: product.name, price: offer.price || offer.lowPrice,
			currency: offer.priceCurrency, url: product.url || offer.url || pageUrl(),
			brand: brand && brand.name || brand,
			image_url: image && (image.url || image.contentUrl) || image,
			categories: category ? [].concat(category) : undefined
		};
	}

	function jsonLdProduct() {
		var data = document.querySelectorAll('script[type="application/ld+json"]');
		var found = Array.prototype.map.call(data, function (element) {
			return findProduct(parse(element.textContent));
		}).filter(Boolean)[0];

		return found && fromSchema(found);
	}

	/* Calls beat attributes, attributes beat JSON-LD. */
	function readPage() {
		["identify", "category", "search", "product", "cart", "checkout"].forEach(function (name) {
			var element = !called[name] && document.querySelector("[data-pannier-" + name + "]");

			if (element)
				call(name, parse(element.getAttribute("data-pannier-" + name)));
		});
		if (!called.product)
			call("product", jsonLdProduct());
	}

	/* ---- start ---- */

	/* What is done once there may be anything done at all. */
	function start() {
		if (loaded || !allowed())
			return;
		loaded = true;
		if (onsite && config.public_key)
			loadKlaviyo();
		else
			active();
		tellIdentity();
		later(0);
	}

	/* Calls made before this script ran: an array of [name, value], or an object of values by name. */
	function takeEarly(early) {
		if (Array.isArray(early))
			early.forEach(push);
		else if (early && typeof early === "object")
			Object.keys(early).forEach(function (name) {
				call(name, early[name]);
			});
	}

	function push(one) {
		if (Array.isArray(one))
			call(one[0], one[1]);
	}

	function begin() {
		var early = window.pannier, api = { push: push };

		Object.keys(methods).concat("consent").forEach(function (name) {
			api[name] = call.bind(null, name);
		});
		window.pannier = api;
		start();
		takeEarly(early);
		readPage();
		window.addEventListener("pagehide", flush);
		window.addEventListener("online", flush);
	}

	if (document.readyState === "loading")
		document.addEventListener("DOMContentLoaded", begin);
	else
		begin();
})(window, document, {} /* config */);
