/// The one program: gateway, command line, MCP server on standard input and output.
#include <curl/curl.h>
#include <malloc.h>

#include "app/backstage.hpp"
#include "cli/program.hpp"
#include "operations/table.hpp"
#include "services/credentials/platform_credentials.hpp"

namespace {

/// Large blocks go back to the system as soon as they are freed. Left alone, glibc takes the first one for a sign that
/// more will come, and from then on keeps up to 64 MB for every thread that ever held a large page or body.
void keep_no_large_blocks() {
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  keep_no_large_blocks();
  const auto credentials = toolrack::services::credentials::PlatformCredentials::take_from_process();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const toolrack::operations::Table table;
  toolrack::app::Backstage backstage(table, credentials);
  return toolrack::cli::run(argc, argv, table, backstage, {});
}
