/// Documents made from the table of operations.
#pragma once

#include <string>
#include <string_view>

namespace toolrack::operations {

class Table;

/// OpenAPI 3.1 of every route.
std::string openapi_document(const Table& table, std::string_view version);

/// docs/api.md: every operation with its route, verb, scope and input.
std::string api_markdown(const Table& table);

/// docs/errors.md: the table of base/error.cpp.
std::string errors_markdown();

}  // namespace toolrack::operations
