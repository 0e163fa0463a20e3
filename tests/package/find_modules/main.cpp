// SPDX-License-Identifier: MIT
#ifdef USE_LIBRARIES
#include <hiredis/hiredis.h>
#include <rapidjson/document.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <yaml-cpp/yaml.h>

#include <brotli/decode.h>
#include <brotli/encode.h>

int main() {
    soci::session database(soci::sqlite3, ":memory:");
    int one = 0;
    database << "select 1", soci::into(one);
    char* command = nullptr;
    const int length = redisFormatCommand(&command, "PING");
    redisFreeCommand(command);
    const bool yaml = YAML::Load("port: 8080")["port"].as<int>() == 8080;
    const bool brotli = BrotliEncoderVersion() == BrotliDecoderVersion();
    rapidjson::Document json;
    const bool parsed = !json.Parse("[1]").HasParseError();
    return one == 1 && length > 0 && yaml && brotli && parsed ? 0 : 1;
}
#else
int main() { return 0; }
#endif
