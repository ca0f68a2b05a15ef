/**
 * What one record, or a group of alike records, shows. The names are the columns of the event model, so that a row of the store
 * is an observation as it stands; a column that is missing, null or empty says nothing.
 */
export interface Observation {
  /** Class of the event model: process, network, dns, file, registry, module, service, installer, app_log, pipe ... */
  readonly class: string
  readonly activity?: Text
  readonly log_provider?: Text
  readonly log_name?: Text

  readonly process_file_path?: Text
  readonly process_file_name?: Text
  readonly process_file_original_name?: Text
  readonly process_file_internal_name?: Text
  readonly process_file_company?: Text
  readonly process_file_product?: Text
  readonly process_file_description?: Text
  readonly process_file_signer?: Text
  readonly process_file_signature_status?: Text

  readonly parent_process_file_path?: Text
  readonly parent_process_file_name?: Text
  readonly parent_process_file_original_name?: Text
  readonly parent_process_file_internal_name?: Text
  readonly parent_process_file_company?: Text
  readonly parent_process_file_product?: Text
  readonly parent_process_file_description?: Text
  readonly parent_process_file_signer?: Text
  readonly parent_process_file_signature_status?: Text

  readonly target_process_file_path?: Text
  readonly target_process_file_name?: Text

  readonly module_file_path?: Text
  readonly module_file_name?: Text
  readonly module_file_original_name?: Text
  readonly module_file_company?: Text
  readonly module_file_product?: Text
  readonly module_file_description?: Text
  readonly module_file_signer?: Text
  readonly module_file_signature_status?: Text

  readonly service_name?: Text
  readonly service_file_path?: Text
  readonly service_file_name?: Text

  readonly file_path?: Text
  readonly file_name?: Text

  readonly query_hostname?: Text
  readonly dst_hostname?: Text
  readonly url?: Text
  readonly dst_port?: number | null | undefined

  readonly product_name?: Text
  readonly product_vendor?: Text

  readonly reg_key_path?: Text
  readonly reg_target?: Text
  readonly pipe_name?: Text
}

type Text = string | null | undefined
