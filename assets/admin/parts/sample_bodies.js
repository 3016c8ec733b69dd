/* One message of each platform, as its shop would send it; new each time, so that none repeats another. */
function generic(email, number) {
	return {
		id: `sample-${number}`, type: "order.placed",
		data: {
			order_id: `sample-${number}`, placed_at: new Date(number).toISOString(), currency: "EUR", total: "37.50",
			customer: { email, first_name: "Anna", last_name: "Example" },
			lines: [
				{
					line_id: "1", product_id: "mug-1", sku: "MUG-R", name: "Coffee mug", quantity: 2,
					unit_price: "12.50", row_total: "25.00"
				},
				{
					line_id: "2", product_id: "tea-1", sku: "TEA-1", name: "Green tea", quantity: 1,
					unit_price: "12.50", row_total: "12.50"
				}
			]
		}
	};
}

/* An id as Enad has them, with the number at its end. */
function enad(email, number) {
	return {
		event_type: "category.create",
		payload: {
			id: `123e4567-e89b-12d3-a456-${String(number).padStart(12, "0").slice(-12)}`, name: "Sample",
			slug: "sample", full_uri: "sample", parent_id: null, status: "active",
			translations: { name: [{ country_code: "us", value: "Sample" }] }
		}
	};
}

const BODIES = { generic, opencart: generic, enad };

/* null: there is none for this platform */
export function sampleOf(platform, email, number) {
	return BODIES[platform] ? BODIES[platform](email, number) : null;
}

/* Is it about a person? */
export const hasAddress = (platform) => BODIES[platform] === generic;
