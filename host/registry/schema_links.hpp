/// The second half of compiling a schema: from text that names schemas to numbers that do. Private to the registry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry::schema {

/// The base of schemas without `$id`: relative references resolve against it, and nothing else has it.
inline constexpr std::string_view kDocumentUri = "toolrack-schema:///";

/// Every name that a reference can use, and the references. Names are those of RFC 3986 and RFC 6901: the document may
/// hold several resources (schemas with an `$id`), each with anchors of its own.
class Links {
 public:
  struct Reference {
    NodeId from = kNone;
    std::string place;   ///< JSON Pointer of the schema that refers.
    std::string base;    ///< URI of the resource it stands in.
    std::string target;  ///< The value of `$ref`.
  };

  /// `place` is the JSON Pointer from the root of the document, unique.
  void add_schema(std::string_view place, NodeId id);
  /// The URI of the resource that begins at `place`: `id` resolved against `base`. Refused: what is no URI reference
  /// and a URI that another resource has.
  base::Result<std::string> add_resource(std::string_view place, std::string_view base, std::string_view id);
  /// Refused: a second anchor of that name in the resource.
  base::Result<void> add_anchor(std::string_view place, std::string_view keyword, std::string_view base,
                                std::string_view name);
  void add_reference(Reference reference) { references_.push_back(std::move(reference)); }

  /// Resolves the references. Refused: those that lead out of the document or to no schema; cycles that stay at one
  /// value, which would never end (cycles that go down into the value end with it); chains of more than
  /// kMaxInPlaceDepth schemas for one value.
  base::Result<void> link(Program& program) const;

 private:
  base::Result<NodeId> resolve(const Reference& reference) const;
  base::Result<void> refuse_endless(const Program& program) const;
  std::string_view place_of(NodeId id) const noexcept;

  using Names = std::unordered_map<std::string, NodeId>;
  Names schemas_;                                           ///< By JSON Pointer.
  Names anchors_;                                           ///< By <resource URI>#<name>.
  std::unordered_map<std::string, std::string> resources_;  ///< URI to JSON Pointer.
  std::vector<Reference> references_;
};

}  // namespace toolrack::registry::schema
