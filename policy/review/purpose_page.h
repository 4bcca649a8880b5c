// What a page about one purpose says, before it is Markdown or HTML.
#pragma once

#include "policy/model/compiled_policy.h"

#include <string>
#include <vector>

namespace fieldgate::policy {

struct PageFact {
  std::string label;
  std::string text;
  std::string because;  ///< the article; may be empty
};
struct PageTable {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};
struct PurposePage {
  std::string title;
  std::string name;
  std::vector<PageFact> facts;
  PageTable fields;
  PageTable apps;
};

[[nodiscard]] PurposePage purpose_page(const CompiledPolicy& policy, PurposeIndex purpose);

}  // namespace fieldgate::policy
