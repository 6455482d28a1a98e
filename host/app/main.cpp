/// The one program: gateway, command line, MCP server on standard input and output.
#include <curl/curl.h>

#include "app/backstage.hpp"
#include "cli/program.hpp"
#include "operations/table.hpp"

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const toolrack::operations::Table table;
  toolrack::app::Backstage backstage(table);
  return toolrack::cli::run(argc, argv, table, backstage, {});
}
