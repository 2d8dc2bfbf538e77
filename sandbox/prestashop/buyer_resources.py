"""The resources of buyers and their carts: customers, addresses, carts (recordings 054–056 and 063–065), messages."""

from __future__ import annotations

from sandbox.prestashop.fields import resource

CUSTOMERS = resource(
    "customers",
    "customer",
    "Customer",
    "The e-shop's customers",
    """
    id_default_group int ->groups
    id_lang int @isUnsignedId ->languages
    newsletter_date_add date
    ip_registration_newsletter str -8
    ip_registration_newsletter str <15 9+
    last_passwd_gen date noted -8
    last_passwd_gen date ro 9+
    secure_key str @isMd5 noted -8
    secure_key str <32 @isMd5 ro 9+
    deleted bool @isBool
    passwd str * <255 @isHashedPassword
    lastname str * <255 @isCustomerName
    firstname str * <255 @isCustomerName
    email str * <255 @isEmail
    id_gender int @isUnsignedId
    birthday date @isBirthDate =0000-00-00
    newsletter bool @isBool
    optin bool @isBool
    website str @isUrl -8
    website str <128 @isUrl 9+
    company str @isGenericName -8
    company str <255 @isGenericName 9+
    siret str @isGenericName -8
    siret str <14 @isGenericName 9+
    ape str @isApe -8
    ape str <6 @isApe 9+
    outstanding_allow_amount float @isFloat
    show_public_prices bool @isBool
    id_risk int @isUnsignedInt
    max_payment_days int @isUnsignedInt
    active bool @isBool
    note str <4194303
    is_guest bool @isBool
    id_shop int @isUnsignedId =1
    id_shop_group int @isUnsignedId =1
    date_add date @isDate
    date_upd date @isDate
    reset_password_token str <40 @isSha1
    reset_password_validity date @isDateOrNull
    """,
    "groups group groups id",
)

ADDRESSES = resource(
    "addresses",
    "address",
    "Address",
    "The Customer, Brand and Customer addresses",
    """
    id_customer int @isNullOrUnsignedId ->customers
    id_manufacturer int @isNullOrUnsignedId ->manufacturers
    id_supplier int @isNullOrUnsignedId ->suppliers
    id_warehouse int @isNullOrUnsignedId ->warehouse -8
    id_country int * @isUnsignedId ->countries
    id_state int @isNullOrUnsignedId ->states
    id_warehouse int @isNullOrUnsignedId ->warehouse 9+
    alias str * <32 @isGenericName
    company str <255 @isGenericName
    lastname str * <255 @isName
    firstname str * <255 @isName
    vat_number str @isGenericName -8
    vat_number str <32 @isGenericName 9+
    address1 str * <128 @isAddress
    address2 str <128 @isAddress
    postcode str <12 @isPostCode
    city str * <64 @isCityName
    other str <300 @isMessage -7
    other str <4194303 @isMessage 8+
    phone str <32 @isPhoneNumber
    phone_mobile str <32 @isPhoneNumber
    dni str <16 @isDniLite
    deleted bool @isBool
    date_add date @isDate
    date_upd date @isDate
    """,
)

CARTS = resource(
    "carts",
    "cart",
    "Cart",
    "Customer's carts",
    """
    id_address_delivery int @isUnsignedId ->addresses
    id_address_invoice int @isUnsignedId ->addresses
    id_currency int * @isUnsignedId ->currencies
    id_customer int @isUnsignedId ->customers
    id_guest int @isUnsignedId ->guests
    id_lang int * @isUnsignedId ->languages
    id_shop_group int @isUnsignedId =1
    id_shop int @isUnsignedId =1
    id_carrier int @isUnsignedId
    recyclable bool @isBool
    gift bool @isBool
    gift_message str <4194303 @isCleanHtml
    mobile_theme bool @isBool
    delivery_option str <4194303
    secure_key str <32
    allow_seperated_package bool @isBool
    date_add date @isDate
    date_upd date @isDate
    """,
    "cart_rows cart_row - id_product*->products id_product_attribute*->combinations id_address_delivery*->addresses "
    "id_customization->customizations quantity* virtual",
)

MESSAGES = resource(
    "messages",
    "message",
    "Message",
    "The Messages",
    """
    id_cart int @isUnsignedId
    id_order int @isUnsignedId
    id_customer int @isUnsignedId
    id_employee int @isUnsignedId
    message str * <1600 @isCleanHtml
    private bool @isBool =1
    date_add date @isDate
    """,
)

BUYERS = (CUSTOMERS, ADDRESSES, CARTS, MESSAGES)
