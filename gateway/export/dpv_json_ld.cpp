#include "gateway/export/export.h"

#include <boost/json/array.hpp>

#include <utility>

namespace fieldgate::exporting {

namespace {

namespace json = boost::json;
using policy::DeclaredField;
using policy::DeclaredPurpose;
using policy::DeclaredTerm;

json::object node(std::string iri) {
  return {{"@id", std::move(iri)}};
}

// A term as a reference; words as a text.
json::value term(const DeclaredTerm& term) {
  return term.iri.empty() ? json::value(term.written) : json::value(node(term.iri));
}

void put(json::object& into, std::string_view key, const std::string& text) {
  if (!text.empty()) {
    into[key] = text;
  }
}

json::object personal_data(const DeclaredField& field) {
  json::object out{{"@id", urn("field", field.name)}};
  if (!field.category.iri.empty()) {
    out["@type"] = field.category.iri;
  } else {
    put(out, "fg:category", field.category.written);
  }
  put(out, "dct:title", field.says);
  return out;
}

// How one purpose treats a field: form, level and time hold for the purpose, not for the field.
json::object treatment(const DeclaredField& field) {
  json::object out{{"fg:field", node(urn("field", field.name))}, {"fg:form", field.form}};
  put(out, "fg:level", field.level);
  if (!field.keep_iso.empty()) {
    out["fg:retention"] = json::object{{"@value", field.keep_iso}, {"@type", "xsd:duration"}};
  } else {
    put(out, "fg:retention", field.keep);
  }
  return out;
}

json::object recipient(const policy::Recipient& recipient) {
  json::object out{{"@id", urn("recipient", recipient.name)}, {"fg:role", recipient.role}};
  put(out, "dct:title", recipient.says);
  put(out, "fg:country", recipient.country);
  put(out, "fg:contract", recipient.contract);
  put(out, "fg:safeguard", recipient.safeguard);
  return out;
}

json::array notices(const DeclaredPurpose& purpose) {
  json::array out;
  for (const auto& [version, language] : purpose.notices) {
    out.push_back(
        json::object{{"@id", urn("notice", purpose.consent_text + '.' + version + '.' + language)},
                     {"@type", "dpv:ConsentNotice"},
                     {"dct:hasVersion", version},
                     {"dct:language", language}});
  }
  return out;
}

json::array processing(const DeclaredPurpose& purpose) {
  json::array out{node("dpv:Retrieve"), node("dpv:Use")};
  if (purpose.profiling) {
    out.push_back(node("dpv:Profiling"));
  }
  if (purpose.pseudonymises) {
    out.push_back(node("dpv:Pseudonymise"));
  }
  return out;
}

json::object purpose_node(const DeclaredPurpose& purpose, const policy::PolicySet& policy,
                          const std::string& controller) {
  json::object out{{"@id", urn("purpose", purpose.name)}, {"@type", "fg:ProcessingActivity"}};
  out["fg:controller"] = node(controller);
  put(out, "dct:title", purpose.says);
  put(out, "dct:description", purpose.benefit);
  if (!purpose.term.written.empty()) {
    out["dpv:hasPurpose"] = term(purpose.term);
  }
  json::array bases;
  for (const DeclaredTerm& basis : purpose.basis_terms) {
    bases.push_back(term(basis));
  }
  out["dpv:hasLegalBasis"] = std::move(bases);
  put(out, "fg:art10Law", purpose.art10);
  put(out, "fg:balancingTest", purpose.balancing_test);
  out["dpv:hasProcessing"] = processing(purpose);
  json::array data;
  json::array treatments;
  for (const DeclaredField& field : purpose.fields) {
    data.push_back(personal_data(field));
    treatments.push_back(treatment(field));
  }
  out["dpv:hasPersonalData"] = std::move(data);
  out["fg:treats"] = std::move(treatments);
  json::array subjects;
  for (const DeclaredTerm& subject : purpose.data_subjects) {
    subjects.push_back(term(subject));
  }
  if (subjects.empty()) {
    subjects.push_back(node("dpv:DataSubject"));
  }
  out["dpv:hasDataSubject"] = std::move(subjects);
  json::array recipients;
  for (const std::uint16_t index : purpose.recipients) {
    recipients.push_back(recipient(policy.recipients()[index]));
  }
  out["fg:hasRecipient"] = std::move(recipients);
  json::array transfers;
  for (const policy::DeclaredTransfer& transfer : purpose.transfers) {
    json::object one{{"@type", "dpv:CrossBorderTransfer"}, {"fg:country", transfer.country}};
    put(one, "fg:safeguard", transfer.safeguard);
    transfers.push_back(std::move(one));
  }
  if (!transfers.empty()) {
    out["fg:transfer"] = std::move(transfers);
  }
  if (!purpose.consent_text.empty()) {
    out["dpv:hasNotice"] = notices(purpose);
    out["fg:consentControl"] = json::array{node("dpv:ProvideConsent"), node("dpv:WithdrawConsent")};
    put(out, "fg:refreshAfter", purpose.refresh_after);
  }
  return out;
}

}  // namespace

json::object dpv_json_ld(const policy::ProcessingRegister& declared,
                         const policy::PolicySet& policy) {
  const std::string controller = urn("controller", declared.controller);
  json::object controller_node{{"@id", controller}, {"@type", "fg:Controller"}};
  put(controller_node, "dct:title", declared.controller);
  put(controller_node, "fg:country", declared.country);
  put(controller_node, "fg:address", declared.address);
  put(controller_node, "fg:dataProtectionOfficer", declared.dpo);
  put(controller_node, "fg:representative", declared.representative);
  json::array measures;
  for (const DeclaredTerm& measure : declared.security_measures) {
    measures.push_back(term(measure));
  }
  if (!measures.empty()) {
    controller_node["fg:securityMeasure"] = std::move(measures);
  }
  json::array joint;
  for (const std::string& name : declared.joint_controllers) {
    joint.push_back(json::value(name));
  }
  if (!joint.empty()) {
    controller_node["fg:jointController"] = std::move(joint);
  }
  json::array graph{std::move(controller_node)};
  for (const DeclaredPurpose& purpose : declared.purposes) {
    graph.push_back(purpose_node(purpose, policy, controller));
  }
  return {{"@context", json::object{{"dpv", "https://w3id.org/dpv#"},
                                    {"pd", "https://w3id.org/dpv/pd#"},
                                    {"eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"},
                                    {"dct", "http://purl.org/dc/terms/"},
                                    {"xsd", "http://www.w3.org/2001/XMLSchema#"},
                                    {"fg", "urn:fieldgate:term:"}}},
          {"@id", urn("policy", declared.version)},
          {"@graph", std::move(graph)}};
}

}  // namespace fieldgate::exporting
