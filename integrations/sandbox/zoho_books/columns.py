"""Which keys the rows of lists have (seen in recorded answers); their records have many more."""

ROWS: dict[str, frozenset[str]] = {
    path: frozenset(names.split())
    for path, names in {
        "contacts": """
            company_name contact_id contact_name contact_type created_time currency_code currency_id
            custom_field_hash custom_fields customer_name customer_sub_type email first_name
            has_attachment language_code last_modified_time last_name mobile
            outstanding_payable_amount outstanding_receivable_amount payment_terms
            payment_terms_label phone source status tags tax_reg_no track_1099
            unused_credits_payable_amount unused_credits_receivable_amount vendor_name website""",
        "chartofaccounts": """
            account_code account_id account_name account_type child_count created_time
            current_balance depth description documents has_attachment is_active is_child_present
            is_standalone_account is_system_account is_user_created last_modified_time
            parent_account_id parent_account_name""",
        "invoices": """
            adjustment balance created_time currency_code currency_id currency_symbol
            custom_field_hash custom_fields customer_id customer_name date documents due_date
            exchange_rate has_attachment invoice_id invoice_number last_modified_time
            reference_number shipping_charge status tags total""",
        "customerpayments": """
            account_id account_name amount bcy_amount created_time customer_id customer_name date
            description documents has_attachment invoice_numbers last_modified_time payment_id
            payment_mode payment_number payment_status reference_number tags unused_amount""",
        "creditnotes": """
            balance created_time creditnote_id creditnote_number currency_code currency_id
            customer_id customer_name date exchange_rate has_attachment last_modified_time
            price_precision reference_number status tags total""",
        "bills": """
            balance bill_id bill_number created_time currency_code currency_id date due_date
            exchange_rate has_attachment last_modified_time price_precision reference_number status
            tags total vendor_id vendor_name""",
        "vendorcredits": """
            balance created_time currency_code currency_id date exchange_rate has_attachment last_modified_time
            price_precision reference_number status tags total vendor_credit_id vendor_credit_number vendor_id
            vendor_name""",
        "vendorpayments": """
            amount balance bcy_amount bill_numbers created_time currency_code currency_id date
            description exchange_rate has_attachment last_modified_time paid_through_account_id
            paid_through_account_name payment_id payment_mode payment_number reference_number status
            tags vendor_id vendor_name""",
        "purchaseorders": """
            billed_status created_time currency_code currency_id date delivery_date has_attachment
            last_modified_time order_status price_precision purchaseorder_id purchaseorder_number
            received_status reference_number status tags total vendor_id vendor_name""",
        "expenses": """
            account_name bcy_total created_time currency_code currency_id customer_id customer_name
            date description exchange_rate expense_id expense_type has_attachment is_billable
            last_modified_time paid_through_account_name reference_number status tags total
            vendor_id vendor_name""",
        "items": """
            account_id account_name can_be_purchased can_be_sold created_time description
            has_attachment item_id item_name item_type last_modified_time name product_type
            purchase_account_id purchase_account_name purchase_description purchase_rate rate sku
            source status tags tax_id tax_name tax_percentage track_inventory unit""",
        "journals": """
            bcy_total currency_id entry_number journal_date journal_id journal_type
            last_modified_time notes reference_number status tags total""",
    }.items()
}
NOT_IN_RECORDS = {
    # Asked for at addresses of their own, or told by the list alone.
    "invoices": frozenset({"payments", "credits"}),
    "customerpayments": frozenset({"last_modified_time", "bcy_amount", "invoice_numbers", "status", "balance"}),
    "creditnotes": frozenset({"due_date", "payment_terms", "payment_terms_label"}),
    "vendorpayments": frozenset({"bcy_amount", "bill_numbers", "price_precision"}),
    "purchaseorders": frozenset({"due_date"}),
    "contacts": frozenset({"customer_name", "vendor_name"}),
    "chartofaccounts": frozenset({"depth", "child_count", "is_child_present", "is_standalone_account"}),
}
