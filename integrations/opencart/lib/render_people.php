<?php
namespace Pannier;

/** A phone number as it is dialled from anywhere, or as it was written where that is not certain. */
class Phone
{
	/** Where a leading zero is not part of the number abroad. */
	const PREFIXES = ['AT' => '43', 'AU' => '61', 'BE' => '32', 'CH' => '41', 'DE' => '49', 'FI' => '358', 'FR' => '33', 'GB' => '44', 'IE' => '353',
		'NL' => '31', 'NZ' => '64', 'SE' => '46', 'ZA' => '27'];
	/** Where numbers have no leading zero at all. */
	const PLAIN = ['US' => ['1', 10], 'CA' => ['1', 10], 'DK' => ['45', 8], 'NO' => ['47', 8], 'ES' => ['34', 9], 'PL' => ['48', 9], 'PT' => ['351', 9]];

	public static function international(string $phone, string $country): string
	{
		$digits = preg_replace('/[^0-9+]/', '', $phone);

		if (strpos($digits, '00') === 0) {
			$digits = '+' . substr($digits, 2);
		}
		if (strpos($digits, '+') === 0) {
			return $digits;
		}
		if (isset(self::PREFIXES[$country]) && strpos($digits, '0') === 0) {
			return '+' . self::PREFIXES[$country] . substr($digits, 1);
		}
		if (isset(self::PLAIN[$country]) && strlen($digits) === self::PLAIN[$country][1]) {
			return '+' . self::PLAIN[$country][0] . $digits;
		}

		return trim($phone);
	}
}

/** Customers, and what they said about the newsletter. */
class PeopleRenderer
{
	private $context;
	private $shop;

	public function __construct(Context $context)
	{
		$this->context = $context;
		$this->shop = $context->shop;
	}

	/** [type, data], or null: another store's, or gone. */
	public function customer(int $customerId)
	{
		$row = $this->shop->row(
			"SELECT customer_id, customer_group_id, language_id, firstname, lastname, email, telephone, date_added FROM {customer}" .
			" WHERE customer_id = ? AND store_id = ?", [$customerId, $this->context->storeId]);

		if (!$row || trim($row['email']) === '') {
			return null;
		}
		$address = $this->addressRow($customerId);
		$country = $address ? $this->context->countryCode((int)$address['country_id']) : '';
		$data = [
			'customer_id' => (string)$customerId,
			'email' => trim($row['email']),
			'first_name' => Shop::text($row['firstname']),
			'last_name' => Shop::text($row['lastname']),
			'phone' => Phone::international((string)$row['telephone'], $country),
			'organization' => $address ? Shop::text($address['company']) : '',
			'locale' => $this->context->languages[(int)$row['language_id']] ?? '',
			'group' => $this->context->customerGroup((int)$row['customer_group_id']),
			'created_at' => $this->shop->time($row['date_added'], $this->context->now),
		];
		if ($address) {
			$data['address'] = $this->address($address, $country);
		}

		return ['customer.upserted', array_filter($data, function ($value) {
			return $value !== '' && $value !== [];
		})];
	}

	/** The default address; 4.0 has a flag for it, 3.0 a column of the customer. */
	private function addressRow(int $customerId): array
	{
		$default = $this->shop->isVersion('4.0.0.0') ? "a.`default`" : "a.address_id = c.address_id";
		$row = $this->shop->row("SELECT a.* FROM {address} a JOIN {customer} c ON c.customer_id = a.customer_id" .
			" WHERE a.customer_id = ? ORDER BY $default DESC, a.address_id LIMIT 1", [$customerId]);

		if ($row) {
			$row['zone'] = $this->nameOf('zone', (int)$row['zone_id']);
			$row['zone_code'] = (string)$this->shop->value("SELECT code FROM {zone} WHERE zone_id = ?", [(int)$row['zone_id']]);
			$row['country'] = $this->nameOf('country', (int)$row['country_id']);
		}

		return $row;
	}

	/** Of a zone or country: newer releases of 4.1 have names by language. */
	private function nameOf(string $table, int $id): string
	{
		static $described = [];

		if (!isset($described[$table])) {
			$described[$table] = $this->shop->hasTable($table . '_description');
		}

		return (string)($described[$table]
			? $this->shop->value("SELECT name FROM {" . $table . "_description} WHERE " . $table . "_id = ? AND language_id = ?", [$id, $this->context->languageId])
			: $this->shop->value("SELECT name FROM {" . $table . "} WHERE " . $table . "_id = ?", [$id]));
	}

	private function address(array $row, string $country): array
	{
		return array_filter([
			'first_name' => Shop::text($row['firstname']),
			'last_name' => Shop::text($row['lastname']),
			'company' => Shop::text($row['company']),
			'address1' => Shop::text($row['address_1']),
			'address2' => Shop::text($row['address_2']),
			'city' => Shop::text($row['city']),
			'zip' => Shop::text($row['postcode']),
			'region' => Shop::text($row['zone']),
			'region_code' => (string)$row['zone_code'],
			'country' => Shop::text($row['country']),
			'country_code' => $country,
		], 'strlen');
	}

	/** [type, data] of one statement, or null: another store's. */
	public function consent(int $consentId)
	{
		$row = $this->shop->row("SELECT * FROM {pannier_consent} WHERE consent_id = ? AND store_id = ?", [$consentId, $this->context->storeId]);

		if (!$row) {
			return null;
		}
		$data = [
			'email' => trim($row['email']),
			'channel' => 'email',
			'state' => $row['subscribed'] ? 'subscribed' : 'unsubscribed',
			'consented_at' => Shop::timeText(min((int)$row['at'], $this->context->now)),
			'source' => $row['source'],
		];

		return ['consent.changed', $data];
	}

	/** What a guest said last, unless they said something later as a customer. */
	private function guest(int $consentId)
	{
		$email = $this->shop->value("SELECT email FROM {pannier_consent} WHERE consent_id = ?", [$consentId]);

		return $this->shop->value("SELECT 1 FROM {customer} WHERE email = ? LIMIT 1", [(string)$email]) === null ? $this->consent($consentId) : null;
	}

	/**
	 * [type, data] of a subscriber of whom only OpenCart's flag is known: as history, since nobody can say when they agreed. What was
	 * said since the extension is there counts instead.
	 */
	public function subscriber(int $customerId)
	{
		if ($customerId > History::GUEST) {
			return $this->guest($customerId - History::GUEST);
		}
		$row = $this->shop->row("SELECT email, date_added, newsletter FROM {customer} WHERE customer_id = ? AND store_id = ?", [$customerId, $this->context->storeId]);
		$said = $row ? $this->shop->value("SELECT consent_id FROM {pannier_consent} WHERE email = ? ORDER BY consent_id DESC LIMIT 1", [$row['email']]) : null;

		if (!$row || trim($row['email']) === '') {
			return null;
		}
		if ($said !== null) {
			return $this->consent((int)$said);
		}
		if (!$row['newsletter']) {
			return null;
		}

		return ['consent.changed', ['email' => trim($row['email']), 'channel' => 'email', 'state' => 'subscribed',
			'consented_at' => $this->shop->time($row['date_added'], $this->context->now), 'source' => 'OpenCart', 'historical' => true]];
	}
}
