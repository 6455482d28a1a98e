#include "search/provider.hpp"

#include <utility>

namespace toolrack::seo {

std::optional<Provider> provider_named(std::string_view slug) {
  if (slug == "serper") return Provider::kSerper;
  if (slug == "dataforseo") return Provider::kDataForSeo;
  return std::nullopt;
}

const char* title_of(Provider provider) { return provider == Provider::kSerper ? "Serper" : "DataForSEO"; }

Reply cannot(const char* code, std::string message, std::string hint) {
  Reply reply = Reply::error(TR_INVALID_ARGUMENT, code, std::move(message), std::move(hint));
  reply.add_flags(TR_OUT_NEXT | TR_OUT_NOT_BILLED);
  return reply;
}

Reply garbage(Provider provider, const std::string& what) {
  Reply reply = Reply::error(TR_UNAVAILABLE, "seo.garbage", std::string(title_of(provider)) + " answered with " + what,
                             "Try again later, or use another provider.");
  reply.add_flags(TR_OUT_PROVIDER | TR_OUT_NEXT);
  return reply;
}

}  // namespace toolrack::seo
