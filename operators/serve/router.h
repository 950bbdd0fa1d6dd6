// Router: one HTTP request -> one response, over the Store interfaces. Knows no sockets.
//
//   GET    /version                                            who answers, and in which protocol
//   GET    /apis/GROUP/VERSION[/namespaces/NS]/PLURAL          list; ?labelSelector=a%3Db ?watch=1
//   POST   /apis/GROUP/VERSION/namespaces/NS/PLURAL            create; ?dryRun=All
//   GET    /apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME
//   PUT    /apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME       all but status; ?dryRun=All
//   DELETE /apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME
//   GET    /apis/kubeflow.org/v1beta1/namespaces/NS/trials/NAME/metrics   ?name=M
//
// ConfigMaps have no group: they are below /api/v1 instead of /apis/GROUP/VERSION.
//
// POST and PUT go through admission: defaults, then every rule; findings come back as 422. A dry
// run takes a ConfigMap that is not there for one that the same run would create.
// Errors are Kubernetes Status objects (protocol.h).
#pragma once

#include <optional>
#include <string>

#include "operators/observe/observation_store.h"
#include "operators/store/store.h"

namespace lockstep {

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // "/version?x=y"
  std::string body;
};

struct HttpResponse {
  int code = 200;
  Json body;
  std::optional<ListFilter> watch;  // set: no body, stream the changes of these objects instead
};

struct OperatorInfo {
  std::string version;
  std::string state_dir;
  int pid = 0;
  Json settings = Json::object();  // what it was started with, and what its jobs share
};

// Thread safety: Handle from any thread; it may wait for the store to write.
class Router {
 public:
  // Both stores outlive the router.
  Router(Store& store, const ObservationStore& observations, OperatorInfo info)
      : store_(store), observations_(observations), info_(std::move(info)) {}

  HttpResponse Handle(const HttpRequest& request) const;

 private:
  struct Route;
  HttpResponse List(const Route& route) const;
  ConfigMapLookup ConfigMapsFor(const Route& route) const;
  HttpResponse Create(const Route& route, const std::string& body) const;
  HttpResponse Replace(const Route& route, const std::string& body) const;
  HttpResponse Metrics(const Route& route) const;
  static Result<Route> ParseTarget(const std::string& target);

  Store& store_;
  const ObservationStore& observations_;
  OperatorInfo info_;
};

}  // namespace lockstep
