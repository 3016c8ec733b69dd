<?php
namespace Pannier;

/** Products and categories as the shop shows them, as messages of Pannier's generic platform (docs/platforms/generic.md). */
class CatalogRenderer
{
	private $context;
	private $shop;
	private $variants;
	/** product_id => its row, [] = there is none; of the products that were loaded. */
	private $rows = [];
	/** part => product_id => rows */
	private $parts = [];
	/** Unix seconds at which the product last rendered looks different by itself, 0 = never. */
	public $changesAt = 0;

	public function __construct(Context $context)
	{
		$this->context = $context;
		$this->shop = $context->shop;
		$this->variants = new Variants($context);
	}

	/** These products are rendered next: what they need is read at once, that of their variants too. */
	public function load(array $productIds)
	{
		$this->variants->load($productIds);
		foreach ($productIds as $id) {
			$productIds = array_merge($productIds, array_column($this->variants->children((int)$id), 'product_id'));
		}
		$ids = array_values(array_diff(array_unique(array_map('intval', $productIds)), array_keys($this->rows)));
		if (!$ids) {
			return;
		}
		$this->rows += array_fill_keys($ids, []);
		foreach ($this->readRows($ids) as $row) {
			$this->rows[(int)$row['product_id']] = $row;
		}
		$this->loadParts($ids);
	}

	private function row(int $productId): array
	{
		$this->load([$productId]);

		return $this->rows[$productId];
	}

	private function loadParts(array $ids)
	{
		$group = (int)$this->context->setting('config_customer_group_id', 1);
		$newest = $this->shop->isVersion('4.1.0.0');

		$this->loadPart('texts', "SELECT * FROM {product_description} WHERE product_id IN (?)", [$ids]);
		$this->loadPart('images', "SELECT product_id, image FROM {product_image} WHERE product_id IN (?) ORDER BY sort_order, product_image_id", [$ids]);
		$this->loadPart('categories', "SELECT p2c.product_id, p2c.category_id FROM {product_to_category} p2c JOIN {category_to_store} c2s" .
			" ON c2s.category_id = p2c.category_id AND c2s.store_id = ? WHERE p2c.product_id IN (?) ORDER BY p2c.category_id", [$this->context->storeId, $ids]);
		/* Reductions in OpenCart's own order; since 4.1 all are in one table. */
		$reduced = "SELECT *, (date_start = '0000-00-00' OR date_start < NOW()) AS begun, (date_end = '0000-00-00' OR date_end > NOW()) AS lasts" .
			" FROM %s WHERE product_id IN (?) AND customer_group_id = ?%s ORDER BY priority, price";
		$this->loadPart('discounts', sprintf($reduced, '{product_discount}', ' AND quantity = 1' . ($newest ? ' AND special = 0' : '')), [$ids, $group]);
		$this->loadPart('specials', sprintf($reduced, $newest ? '{product_discount}' : '{product_special}', $newest ? ' AND quantity = 1 AND special = 1' : ''), [$ids, $group]);
		if ($newest) {
			$this->loadPart('codes', "SELECT * FROM {product_code} WHERE product_id IN (?) AND `value` <> '' ORDER BY product_code_id", [$ids]);
		}
		$this->loadSlugs($ids);
	}

	private function loadPart(string $part, string $sql, array $values)
	{
		foreach ($this->shop->rows($sql, $values) as $row) {
			$this->parts[$part][(int)$row['product_id']][] = $row;
		}
	}

	private function loadSlugs(array $ids)
	{
		if ($this->shop->isVersion('4.0.0.0')) {
			$this->loadPart('slugs', "SELECT `value` AS product_id, keyword FROM {seo_url} WHERE `key` = 'product_id' AND `value` IN (?) AND store_id = ? AND language_id = ?",
				[array_map('strval', $ids), $this->context->storeId, $this->context->languageId]);
		} else {
			$this->loadPart('slugs', "SELECT SUBSTRING(query, 12) AS product_id, keyword FROM {seo_url} WHERE query IN (?) AND store_id = ? AND language_id = ?",
				[preg_replace('/^/', 'product_id=', $ids), $this->context->storeId, $this->context->languageId]);
		}
	}

	/** Of a product that was loaded. */
	private function part(string $part, int $productId): array
	{
		return $this->parts[$part][$productId] ?? [];
	}

	/* ---- products ---- */

	/** [type, data] */
	public function product(int $productId): array
	{
		$row = $this->row($productId);
		$this->changesAt = 0;

		if (!$row || !empty($row['master_id']) || !$row['in_store']) {
			return ['product.deleted', ['id' => (string)$productId]];
		}
		$data = $this->productData($row);
		$data += $this->prices($row);
		$data['variants'] = array_merge($this->optionVariants($row, $data), $this->productVariants($row));

		return ['product.upserted', $data];
	}

	private function readRows(array $productIds): array
	{
		return $this->shop->rows(
			"SELECT p.*, m.name AS manufacturer, ss.name AS stock_status, p2s.store_id IS NOT NULL AS in_store," .
			" p.date_available <= NOW() AS is_available" .
			" FROM {product} p LEFT JOIN {manufacturer} m ON m.manufacturer_id = p.manufacturer_id" .
			" LEFT JOIN {stock_status} ss ON ss.stock_status_id = p.stock_status_id AND ss.language_id = ?" .
			" LEFT JOIN {product_to_store} p2s ON p2s.product_id = p.product_id AND p2s.store_id = ?" .
			" WHERE p.product_id IN (?)", [$this->context->languageId, $this->context->storeId, $productIds]);
	}

	private function productData(array $row): array
	{
		$productId = (int)$row['product_id'];
		$data = ['id' => (string)$productId, 'language' => $this->context->language()] + $this->texts($this->part('texts', $productId));

		$data['slug'] = $this->part('slugs', $productId)[0]['keyword'] ?? '';
		$data['url'] = $this->context->link('product/product', 'product_id=' . $productId);
		$data['sku'] = $this->sku($row);
		$data['images'] = $this->images($row);
		if ($row['manufacturer_id'] && $row['manufacturer'] !== null) {
			$data['brand'] = ['id' => (string)$row['manufacturer_id'], 'name' => Shop::text($row['manufacturer'])];
		}
		$data['categories'] = array_map('strval', array_column($this->part('categories', $productId), 'category_id'));
		$data['published'] = $row['status'] && $row['is_available'];
		if ($row['status'] && !$row['is_available']) {
			$this->changes((string)$row['date_available']);
		}
		$data['track_stock'] = (bool)$row['subtract'];
		$data['stock'] = (int)$row['quantity'];
		$data['custom'] = $this->custom($row);

		return array_filter($data, function ($value) {
			return $value !== '' && $value !== null;
		});
	}

	/** Texts in all languages that are on, of the rows of a table of descriptions. */
	private function texts(array $rows): array
	{
		$texts = ['title' => [], 'html' => [], 'meta_title' => [], 'meta_description' => []];
		$columns = ['title' => 'name', 'html' => 'description', 'meta_title' => 'meta_title', 'meta_description' => 'meta_description'];

		foreach ($rows as $row) {
			$code = $this->context->languages[(int)$row['language_id']] ?? '';
			foreach ($columns as $member => $column) {
				if ($code !== '' && trim((string)($row[$column] ?? '')) !== '') {
					$texts[$member][$code] = Shop::text($row[$column]);
				}
			}
		}

		return array_filter($texts);
	}

	/** 4.1 has codes in a table of their own, and an old column that is not filled any more. */
	private function sku(array $row): string
	{
		$sku = $this->code($row, 'sku');

		return $sku !== '' ? $sku : Shop::text($row['model']);
	}

	private function code(array $row, string $code): string
	{
		if (!$this->shop->isVersion('4.1.0.0')) {
			return Shop::text($row[$code] ?? '');
		}
		foreach ($this->part('codes', (int)$row['product_id']) as $one) {
			if (strcasecmp(trim($one['code']), $code) === 0) {
				return Shop::text($one['value']);
			}
		}

		return '';
	}

	private function images(array $row): array
	{
		$paths = array_merge([$row['image']], array_column($this->part('images', (int)$row['product_id']), 'image'));

		return array_values(array_unique(array_map([$this->context, 'image'], array_filter($paths))));
	}

	/** Beside the model, which customers see, what tells products apart outside the shop. */
	private function custom(array $row): array
	{
		$custom = ['Model' => Shop::text($row['model'])];

		foreach (['upc', 'ean', 'jan', 'isbn', 'mpn'] as $code) {
			$custom[strtoupper($code)] = $this->code($row, $code);
		}
		if ($row['stock_status'] !== null) {
			$custom['Out Of Stock Status'] = Shop::text($row['stock_status']);
		}
		$custom['Minimum Quantity'] = (string)$row['minimum'];

		return array_filter($custom, 'strlen');
	}

	/* ---- prices ---- */

	/** Base price of one piece today, and the special price if there is one: without tax. */
	private function today(array $row): array
	{
		$price = (float)$row['price'];
		$discount = $this->reduced($row, 'discounts');
		$special = $this->reduced($row, 'specials');

		if ($discount) {
			$price = $discount;
		}

		return [$price, $special ?: 0.0];
	}

	/** The reduction that counts now, by OpenCart's own order; when the next one begins or ends is noted. */
	private function reduced(array $row, string $part)
	{
		$found = null;

		foreach ($this->part($part, (int)$row['product_id']) as $one) {
			if (!$one['begun']) {
				$this->changes((string)$one['date_start']);
			} elseif ($one['lasts']) {
				$this->changes((string)$one['date_end']);
			}
			if ($one['begun'] && $one['lasts'] && $found === null) {
				$found = $this->reducedPrice((float)$row['price'], $one);
			}
		}

		return $found;
	}

	private function reducedPrice(float $price, array $one): float
	{
		switch ($one['type'] ?? 'F') {
			case 'P':
				return $price - $price * ((float)$one['price'] / 100);
			case 'S':
				return $price - (float)$one['price'];
			default:
				return (float)$one['price'];
		}
	}

	/** The database's own UNIX_TIMESTAMP ends in 2038, the dates of merchants do not. */
	private function changes(string $date)
	{
		$at = strpos($date, '0000') === 0 ? 0 : (int)strtotime($date);

		if ($at >= time() && ($this->changesAt === 0 || $at + 1 < $this->changesAt)) {
			$this->changesAt = $at + 1;
		}
	}

	/** Price and, while it is reduced, the one before; with the surcharge of a choice. */
	private function prices(array $row, float $surcharge = 0.0): array
	{
		list($price, $special) = $this->today($row);
		$tax = (int)$row['tax_class_id'];
		$prices = ['currency' => $this->context->currency, 'price' => $this->context->shown($price + $surcharge, $tax)];

		if ($special) {
			$prices['compare_at_price'] = $prices['price'];
			$prices['price'] = $this->context->shown($special + $surcharge, $tax);
		}

		return $prices;
	}

	/* ---- variants ---- */

	private function optionVariants(array $row, array $data): array
	{
		$variants = [];
		$productId = (int)$row['product_id'];

		foreach ($this->variants->choices($productId) as $choice) {
			$names = implode(' / ', array_column($choice, 'name'));
			$variant = [
				'id' => Variants::id($productId, array_column($choice, 'id')),
				'sku' => $data['sku'] ?? '',
				'title' => ($data['title'][$this->context->language()] ?? '') . ' ' . $names,
				'options' => array_combine(array_column($choice, 'option'), array_column($choice, 'name')),
				'published' => $data['published'],
				'url' => $data['url'],
			];
			$variants[] = $variant + $this->stock($row, $choice) + $this->prices($row, array_sum(array_column($choice, 'price')));
		}

		return $variants;
	}

	/** As many as the scarcest of product and chosen values that keep count. */
	private function stock(array $row, array $choice): array
	{
		$counts = $row['subtract'] ? [(int)$row['quantity']] : [];

		foreach ($choice as $value) {
			if ($value['subtract']) {
				$counts[] = $value['quantity'];
			}
		}

		return $counts ? ['track_stock' => true, 'stock' => min($counts)] : ['track_stock' => false, 'stock' => (int)$row['quantity']];
	}

	/** OpenCart 4: variants that are products of their own. */
	private function productVariants(array $master): array
	{
		$variants = [];

		foreach ($this->variants->children((int)$master['product_id']) as $one) {
			$row = $this->row((int)$one['product_id']);
			if (!$row || !$row['in_store']) {
				continue;
			}
			$data = $this->productData($row);
			$variant = array_intersect_key($data, array_flip(['id', 'language', 'title', 'html', 'url', 'sku', 'images', 'published', 'track_stock', 'stock', 'custom']));
			$options = $this->chosenNames((string)$one['variant']);
			$variants[] = $variant + ($options ? ['options' => $options] : []) + $this->prices($row);
		}

		return $variants;
	}

	/** {product_option_id: product_option_value_id} as names. */
	private function chosenNames(string $variant): array
	{
		$names = [];
		$values = json_decode($variant, true);
		$ids = array_filter(is_array($values) ? array_values($values) : [], 'is_scalar');

		if (!$ids) {
			return [];
		}
		foreach ($this->shop->rows(
			"SELECT od.name, ovd.name AS value FROM {product_option_value} pov" .
			" JOIN {option_description} od ON od.option_id = pov.option_id AND od.language_id = ?" .
			" JOIN {option_value_description} ovd ON ovd.option_value_id = pov.option_value_id AND ovd.language_id = ?" .
			" WHERE pov.product_option_value_id IN (?) ORDER BY pov.product_option_value_id",
			[$this->context->languageId, $this->context->languageId, array_map('intval', $ids)]) as $row) {
			$names[Shop::text($row['name'])] = Shop::text($row['value']);
		}

		return $names;
	}

	/* ---- categories ---- */

	/** [type, data] */
	public function category(int $categoryId): array
	{
		$row = $this->shop->row(
			"SELECT c.* FROM {category} c JOIN {category_to_store} c2s ON c2s.category_id = c.category_id AND c2s.store_id = ? WHERE c.category_id = ?",
			[$this->context->storeId, $categoryId]);

		if (!$row) {
			return ['category.deleted', ['id' => (string)$categoryId]];
		}
		$texts = $this->texts($this->shop->rows("SELECT * FROM {category_description} WHERE category_id = ?", [$categoryId]));
		$data = ['id' => (string)$categoryId, 'language' => $this->context->language()] + array_intersect_key($texts, ['title' => 1]);
		if ($row['parent_id']) {
			$data['parent_id'] = (string)$row['parent_id'];
		}
		$data['path'] = $this->path($categoryId);
		$data['published'] = (bool)$row['status'];

		return ['category.upserted', array_filter($data, function ($value) {
			return $value !== '';
		})];
	}

	private function path(int $categoryId): string
	{
		return implode(' > ', array_map([Shop::class, 'text'], array_column($this->shop->rows(
			"SELECT cd.name FROM {category_path} cp JOIN {category_description} cd ON cd.category_id = cp.path_id AND cd.language_id = ?" .
			" WHERE cp.category_id = ? ORDER BY cp.level", [$this->context->languageId, $categoryId]), 'name')));
	}
}
