import type { ScalarType } from '../../ir/types.js'

/**
 * KQL's scalar functions: what each takes and gives. `text` takes a string (a dynamic gives its text), `string` takes anything by its text,
 * `number` keeps whole and real apart, `any` takes anything as it is; `?` may be left out, `*` repeats. The result `$1` is the type of
 * the first argument, `$2` of the second, `common` the one that all arguments convert to.
 * https://learn.microsoft.com/kusto/query/scalar-functions
 */
const SIGNATURES = `
strlen long text
string_size long text
tolower string text
toupper string text
strcat string string*
strcat_delim string string string*
strrep string string long string?
reverse string string
substring string text long long?
indexof long text string long? long? long?
indexof_regex long text text long? long? long?
countof long text text text?
split dynamic text text long?
replace_string string text text text
replace_strings string text dynamic dynamic
replace_regex string text text text
trim string text text
trim_start string text text
trim_end string text text
extract_all dynamic text text|dynamic text?
regex_quote string text
strcmp long text text
isascii bool text
isutf8 bool text
translate string text text text
punycode_from_string string text
punycode_to_string string text
punycode_domain_from_string string text
punycode_domain_to_string string text
unicode_codepoints_from_string dynamic text
unicode_codepoints_to_string string any*
base64_encode_tostring string text
base64_decode_tostring string text
base64_decode_toarray dynamic text
base64_decode_toguid guid text
base64_encode_fromarray string dynamic
base64_encode_fromguid string guid
gzip_compress_to_base64_string string text
gzip_decompress_from_base64_string string text
zlib_compress_to_base64_string string text
zlib_decompress_from_base64_string string text
url_encode string text
url_encode_component string text
url_decode string text
hash long any long?
hash_md5 string any
hash_sha1 string any
hash_sha256 string any
hash_xxhash64 long any long?
parse_json dynamic text
parse_url dynamic text
parse_urlquery dynamic text
parse_csv dynamic text
parse_xml dynamic text
parse_path dynamic text
parse_version decimal text
parse_user_agent dynamic text any
parse_command_line dynamic text text?
parse_ipv4 long text
parse_ipv4_mask long text long
parse_ipv6 string text
parse_ipv6_mask string text long
ipv4_compare long text text long?
ipv4_is_in_range bool text text
ipv4_is_in_any_range bool text any*
ipv4_is_match bool text text long?
ipv4_is_private bool text
ipv4_netmask_suffix long text
ipv4_range_to_cidr_list dynamic text text
ipv6_compare long text text long?
ipv6_is_in_range bool text text
ipv6_is_in_any_range bool text any*
ipv6_is_match bool text text long?
format_ipv4 string any long?
format_ipv4_mask string any long?
has_ipv4 bool text text
has_ipv4_prefix bool text text
has_any_ipv4 bool text any*
has_any_ipv4_prefix bool text any*
format_bytes string number long? text?
format_datetime string datetime text
format_timespan string timespan text
make_datetime datetime any long? long? long? long? real?
make_timespan timespan long long real? real?
datetime_add datetime text long datetime
datetime_diff long text datetime datetime
datetime_part long text datetime
datetime_local_to_utc datetime datetime text
datetime_utc_to_local datetime datetime text
dayofweek timespan datetime
dayofmonth int datetime
dayofyear int datetime
hourofday int datetime
monthofyear int datetime
getmonth int datetime
getyear int datetime
week_of_year long datetime
startofday datetime datetime long?
startofweek datetime datetime long?
startofmonth datetime datetime long?
startofyear datetime datetime long?
endofday datetime datetime long?
endofweek datetime datetime long?
endofmonth datetime datetime long?
endofyear datetime datetime long?
unixtime_seconds_todatetime datetime number
unixtime_milliseconds_todatetime datetime number
unixtime_microseconds_todatetime datetime number
unixtime_nanoseconds_todatetime datetime number
abs $1 number|timespan
sign long number
ceiling long number
sqrt real real
exp real real
exp2 real real
exp10 real real
log real real
log2 real real
log10 real real
loggamma real real
gamma real real
pow real real real
sin real real
cos real real
tan real real
cot real real
asin real real
acos real real
atan real real
atan2 real real real
pi real
degrees real real
radians real real
round real real long?
around bool number number number
isnan bool real
isinf bool real
isfinite bool real
erf real real
erfc real real
beta_cdf real real real real
beta_inv real real real real
beta_pdf real real real real
rand real long?
new_guid guid
tohex string long long?
binary_and long long long
binary_or long long long
binary_xor long long long
binary_not long long
binary_shift_left long long long
binary_shift_right long long long
bitset_count_ones long long
convert_angle real real text text
convert_energy real real text text
convert_force real real text text
convert_length real real text text
convert_mass real real text text
convert_speed real real text text
convert_temperature real real text text
convert_volume real real text text
array_length long dynamic
array_concat dynamic dynamic*
array_iff dynamic dynamic any any
array_index_of long dynamic any long? long? long?
array_reverse dynamic dynamic
array_rotate_left dynamic dynamic long
array_rotate_right dynamic dynamic long
array_shift_left dynamic dynamic long any?
array_shift_right dynamic dynamic long any?
array_slice dynamic dynamic long long
array_split dynamic dynamic any
strcat_array string dynamic text
zip dynamic dynamic*
repeat dynamic any long
bag_has_key bool dynamic text
bag_keys dynamic dynamic
bag_merge dynamic dynamic*
bag_pack dynamic any*
bag_remove_keys dynamic dynamic dynamic
bag_set_key dynamic dynamic text any
bag_zip dynamic dynamic dynamic
pack_array dynamic any*
set_has_element bool dynamic any
set_difference dynamic dynamic*
set_intersect dynamic dynamic*
set_union dynamic dynamic*
set_equals bool dynamic dynamic
has_any_index long text dynamic
jaccard_index real dynamic dynamic
treepath dynamic dynamic
dynamic_to_json string any
gettype string any
dcount_hll long dynamic
hll_merge dynamic dynamic*
rank_tdigest long dynamic number
percentile_tdigest real dynamic real
merge_tdigest dynamic dynamic*
series_abs dynamic dynamic
series_acos dynamic dynamic
series_asin dynamic dynamic
series_atan dynamic dynamic
series_ceiling dynamic dynamic
series_cos dynamic dynamic
series_exp dynamic dynamic
series_floor dynamic dynamic
series_log dynamic dynamic
series_sign dynamic dynamic
series_sin dynamic dynamic
series_tan dynamic dynamic
series_not dynamic dynamic
series_add dynamic dynamic dynamic
series_subtract dynamic dynamic dynamic
series_multiply dynamic dynamic dynamic
series_divide dynamic dynamic dynamic
series_pow dynamic dynamic dynamic
series_and dynamic dynamic dynamic
series_or dynamic dynamic dynamic
series_equals dynamic dynamic dynamic
series_not_equals dynamic dynamic dynamic
series_greater dynamic dynamic dynamic
series_greater_equals dynamic dynamic dynamic
series_less dynamic dynamic dynamic
series_less_equals dynamic dynamic dynamic
series_dot_product real dynamic dynamic
series_cosine_similarity real dynamic dynamic
series_pearson_correlation real dynamic dynamic
series_magnitude real dynamic
series_product real dynamic
series_sum real dynamic
series_fill_backward dynamic dynamic any?
series_fill_const dynamic dynamic any any?
series_fill_forward dynamic dynamic any?
series_fill_linear dynamic dynamic any? bool? any?
series_fir dynamic dynamic dynamic bool? bool?
series_iir dynamic dynamic dynamic dynamic
series_stats_dynamic dynamic dynamic bool?
series_fit_line_dynamic dynamic dynamic
geo_point_to_geohash string real real long?
geo_geohash_to_central_point dynamic text
geo_geohash_to_polygon dynamic text
geo_geohash_neighbors dynamic text
geo_point_to_s2cell string real real long?
geo_s2cell_to_central_point dynamic text
geo_s2cell_to_polygon dynamic text
geo_s2cell_neighbors dynamic text
geo_line_to_s2cells dynamic dynamic long? real?
geo_polygon_to_s2cells dynamic dynamic long? real?
geo_point_to_h3cell string real real long?
geo_h3cell_to_central_point dynamic text
geo_h3cell_to_polygon dynamic text
geo_h3cell_level long text
geo_h3cell_neighbors dynamic text
geo_h3cell_rings dynamic text long
geo_h3cell_parent string text long?
geo_h3cell_children dynamic text long?
geo_polygon_to_h3cells dynamic dynamic long? real?
geo_distance_2points real real real real real bool?
geo_azimuth real real real real real
geo_angle real real real real real real real
geo_point_in_circle bool real real real real real
geo_point_in_polygon bool real real dynamic
geo_distance_point_to_line real real real dynamic
geo_distance_point_to_polygon real real real dynamic
geo_closest_point_on_line dynamic real real dynamic
geo_closest_point_on_polygon dynamic real real dynamic
geo_line_length real dynamic
geo_line_centroid dynamic dynamic
geo_line_interpolate_point dynamic dynamic real
geo_line_locate_point real dynamic real real bool?
geo_polygon_area real dynamic
geo_polygon_perimeter real dynamic
geo_polygon_centroid dynamic dynamic
geo_from_wkt dynamic text
geo_intersects_2lines bool dynamic dynamic
geo_intersects_2polygons bool dynamic dynamic
geo_intersects_line_with_polygon bool dynamic dynamic
geo_intersection_2lines dynamic dynamic dynamic
geo_intersection_2polygons dynamic dynamic dynamic
geo_intersection_line_with_polygon dynamic dynamic dynamic
geo_union_lines_array dynamic dynamic
geo_union_polygons_array dynamic dynamic
geo_point_buffer dynamic real real real real?
geo_line_buffer dynamic dynamic real real?
geo_polygon_buffer dynamic dynamic real real?
geo_line_densify dynamic dynamic real? bool?
geo_polygon_densify dynamic dynamic real? bool?
geo_line_simplify dynamic dynamic real?
geo_polygon_simplify dynamic dynamic real?
geo_simplify_polygons_array dynamic dynamic real?
`

/** Other names that Kusto takes for the same function. */
export const ALIASES: Readonly<Record<string, string>> = {
  array_strcat: 'strcat_array',
  notnull: 'isnotnull',
  notempty: 'isnotempty',
  iif: 'iff',
  array_iif: 'array_iff',
  arraylength: 'array_length',
  parseurlquery: 'parse_urlquery',
  totime: 'totimespan',
  iscolumnexists: 'column_exists',
  tdigest_merge: 'merge_tdigest',
  todouble: 'toreal',
  toboolean: 'tobool',
  todynamic: 'parse_json',
  parsejson: 'parse_json',
  toobject: 'parse_json',
  extractjson: 'extract_json',
  extractall: 'extract_all',
  replace: 'replace_regex',
  pack: 'bag_pack',
  pack_dictionary: 'bag_pack',
  base64_decodestring: 'base64_decode_tostring',
  base64_encodestring: 'base64_encode_tostring',
  make_string: 'unicode_codepoints_to_string',
  to_utf8: 'unicode_codepoints_from_string',
  column_ifexists: 'column_ifexists',
  columnifexists: 'column_ifexists',
  datepart: 'datetime_part',
  getmonth: 'monthofyear',
  weekofyear: 'week_of_year',
  power: 'pow',
  parseurl: 'parse_url',
  array_sum: 'series_sum',
  array_to_string: 'strcat_array',
}

export interface Parameter {
  readonly accepts: readonly string[]
  readonly optional: boolean
  readonly repeats: boolean
}

export interface Signature {
  readonly name: string
  readonly result: ScalarType | '$1' | '$2' | 'common'
  readonly parameters: readonly Parameter[]
}

let signatures: ReadonlyMap<string, Signature> | undefined

export function findSignature(name: string): Signature | undefined {
  signatures ??= new Map(readSignatures())
  return signatures.get(ALIASES[name] ?? name)
}

export const functionNames = (): readonly string[] => {
  signatures ??= new Map(readSignatures())
  return [...signatures.keys()]
}

function* readSignatures(): Generator<[string, Signature]> {
  for (const line of SIGNATURES.trim().split('\n')) {
    const [name, result, ...rest] = line.split(' ') as [string, Signature['result'], ...string[]]
    yield [name, { name, result, parameters: rest.map(readParameter) }]
  }
}

function readParameter(source: string): Parameter {
  const bare = source.replace(/[?*]$/, '')
  return { accepts: bare.split('|'), optional: source.endsWith('?'), repeats: source.endsWith('*') }
}
