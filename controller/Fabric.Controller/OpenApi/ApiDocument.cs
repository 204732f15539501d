using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Security;
using Fabric.Intent.Resources;
using Fabric.Primitives;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Fabric.Controller.OpenApi;

/// <summary>The API's description at <c>/openapi/v1.json</c>, made from the endpoints and from the doc comments of the contracts.</summary>
public static class ApiDocument
{
    private const string SecurityName = "token";

    /// <summary>What a value of our own looks like in JSON: its text, what it is, an example.</summary>
    private static readonly Dictionary<Type, (JsonSchemaType Type, string Description, JsonNode Example)> Values = new()
    {
        [typeof(IpAddr)] = (JsonSchemaType.String, "IPv4 or IPv6 address", "10.0.1.1"),
        [typeof(IpPrefix)] = (JsonSchemaType.String, "IPv4 or IPv6 prefix, no host bits set", "10.0.0.0/16"),
        [typeof(IpInterface)] = (JsonSchemaType.String, "address with the length of its subnet's prefix", "10.0.1.1/24"),
        [typeof(MacAddress)] = (JsonSchemaType.String, "MAC address", "02:00:5e:00:01:01"),
        [typeof(Asn)] = (JsonSchemaType.Integer, "AS number, 1..4294967294", 65001),
        [typeof(Vni)] = (JsonSchemaType.Integer, "VNI, 1..16777215", 5001),
        [typeof(VlanId)] = (JsonSchemaType.Integer, "VLAN, 1..4094", 100),
    };

    private static readonly Dictionary<Type, string> Examples = new()
    {
        [typeof(SiteSpec)] = """{"controllers": ["172.31.255.1"], "loopbackPool": "10.255.0.0/16"}""",
        [typeof(DeviceSpec)] = """
            {"site": "dc1", "role": "leaf", "os": "frr-linux", "management": {"address": "172.31.255.21", "hostKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample"]},
             "ports": [{"name": "swp1"}, {"name": "swp3", "tags": ["storage"]}]}
            """,
        [typeof(LinkSpec)] = """{"a": {"device": "spine1", "port": "swp1"}, "b": {"device": "leaf1", "port": "swp1"}}""",
        [typeof(VpcSpec)] = """{"tenant": "acme"}""",
        [typeof(VNetSpec)] = """
            {"site": "dc1", "vpc": "acme-prod", "gateways": ["10.0.1.1/24", "2001:db8:1::1/64"],
             "attachments": [{"port": {"device": "leaf1", "port": "swp3"}, "vlan": 100}, {"tag": "storage"}]}
            """,
        [typeof(IpamAllocationSpec)] = """{"vpc": "acme-prod", "prefix": "10.0.0.0/16"}""",
        [typeof(IpamSubnetSpec)] = """{"vpc": "acme-prod", "prefix": "10.0.1.0/24", "purpose": "common", "defaultGateway": "10.0.1.1"}""",
        [typeof(SoftGatePairSpec)] = """
            {"site": "dc1", "softGates": ["softgate1", "softgate2"],
             "upstreams": [{"softGate": "softgate1", "port": "eth2", "addresses": ["100.64.1.1/31"], "peers": [{"address": "100.64.1.0", "asn": 65500}]}]}
            """,
        [typeof(AclListSpec)] = """
            {"tenant": "acme", "default": "deny", "rules": [
              {"number": 10, "action": "permit", "protocol": "tcp", "sources": ["0.0.0.0/0"], "ports": [{"first": 443, "last": 443}]},
              {"number": 20, "action": "permit", "protocol": "icmp", "icmpType": 8}]}
            """,
        [typeof(PublicAddressSpec)] = """{"vpc": "acme-prod", "prefix": "198.51.100.9/32", "bandwidthLimit": 1000000000, "accessList": "from-outside"}""",
        [typeof(NatRuleSpec)] = """{"vpc": "acme-prod", "type": "dnat", "insideAddress": "10.0.1.20", "public": ["198.51.100.9"], "protocol": "tcp", "ports": {"first": 8080, "last": 8090}}""",
        [typeof(LoadBalancerSpec)] = """
            {"vpc": "acme-prod", "address": "198.51.100.10", "protocol": "tcp", "ports": {"first": 80, "last": 80}, "algorithm": "roundRobin",
             "healthCheck": {"type": "http", "path": "/ready"}, "backends": [{"address": "10.0.1.21", "port": 8080}, {"address": "10.0.1.22", "port": 8080, "weight": 2}]}
            """,
        [typeof(StaticRouteSpec)] = """{"vpc": "acme-prod", "prefix": "172.20.0.0/16", "nextHop": "10.0.1.50"}""",
        [typeof(ChangeSetRequest)] = """
            {"reason": "ticket 4711", "changes": [
              {"operation": "apply", "kind": "Vpc", "name": "acme-prod", "spec": {"tenant": "acme"}},
              {"operation": "delete", "kind": "VNet", "name": "old", "revision": 12}]}
            """,
        [typeof(TokenRequest)] = """{"name": "ci", "role": "operator", "expires": "2030-01-31T00:00:00Z"}""",
    };

    /// <summary>Adds the description.</summary>
    public static IServiceCollection AddApiDocument(this IServiceCollection services)
    {
        // Schemas follow the serializer that the API uses.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.UnmappedMemberHandling = Json.ApiJson.Options.UnmappedMemberHandling;
            json.SerializerOptions.NumberHandling = Json.ApiJson.Options.NumberHandling;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        });
        return services.AddOpenApi("v1", options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddDocumentTransformer((document, _, _) =>
            {
                Describe(document);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                Complete(operation, context);
                return Task.CompletedTask;
            });
            options.AddSchemaTransformer((schema, context, _) =>
            {
                Complete(schema, Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type);
                return Task.CompletedTask;
            });
        });
    }

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Fabric",
            Version = "v1",
            Description = "Intent API of the Fabric controller. Every error is an application/problem+json document with a stable type "
                + "(urn:fabric:problem:...) and, where parts of the request are wrong, their JSON pointers. "
                + "The name of a resource in a path is percent-encoded, a slash in it as %2F.",
        };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
        {
            [SecurityName] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API token, fab_..." },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SecurityName, document)] = [] }];
    }

    private static void Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var parameters = operation.Parameters ??= [];
        foreach (var segment in (context.Description.RelativePath ?? "").Split('/').Where(s => s.StartsWith('{')))
        {
            var name = segment.Trim('{', '}');
            if (parameters.All(p => p.Name != name))
            {
                parameters.Add(new OpenApiParameter { Name = name, In = ParameterLocation.Path, Required = true, Schema = Text() });
            }
        }

        foreach (var query in metadata.OfType<QueryParameter>())
        {
            parameters.Add(new OpenApiParameter { Name = query.Name, In = ParameterLocation.Query, Description = query.Description, Schema = Text() });
        }

        if (metadata.OfType<OpenToAll>().Any())
        {
            operation.Security = [];
            return;
        }

        var method = context.Description.HttpMethod;
        if (method is "PUT" or "PATCH" or "DELETE" && operation.OperationId != "revokeToken")
        {
            parameters.Add(Header("If-Match", "ETag of what is to be replaced, or * for whatever is there"));
        }

        if (method == "PUT")
        {
            parameters.Add(Header("If-None-Match", "*: make it, but replace nothing"));
        }

        // What is injected is no intent: it is neither in the audit log nor remembered by a key.
        var isWrite = method != "GET" && operation.OperationId != "injectBgpRoutes";
        if (isWrite && method == "POST" && operation.OperationId != "createToken")
        {
            parameters.Add(Header("Idempotency-Key", "repeating a request with its key within 24 hours gives the same response and no second write"));
        }

        if (isWrite)
        {
            parameters.Add(Header(RequestReason.Header, "why, for the audit log; at most 1024 characters"));
        }

        var role = metadata.OfType<RoleRequirement>().LastOrDefault()?.Role ?? Role.Viewer;
        operation.Description = $"Needs role {role.Name()}.";
        foreach (var (status, text) in new[] { ("401", "No valid token."), ("403", "The token's role is not enough.") })
        {
            (operation.Responses ??= []).TryAdd(status, new OpenApiResponse
            {
                Description = text,
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    [Problem.MediaType] = new OpenApiMediaType { Schema = new OpenApiSchemaReference("ProblemDocument", context.Document) },
                },
            });
        }
    }

    private static void Complete(OpenApiSchema schema, Type type)
    {
        if (Examples.TryGetValue(type, out var example))
        {
            schema.Examples = [JsonNode.Parse(example)!];
        }

        if (type.IsGenericType && type.GetGenericArguments() is [var item] && Values.TryGetValue(item, out var element))
        {
            schema.Items = new OpenApiSchema { Type = element.Type, Description = element.Description, Examples = [element.Example.DeepClone()] };
        }

        if (Values.TryGetValue(type, out var value))
        {
            var nullable = schema.Type?.HasFlag(JsonSchemaType.Null) == true ? JsonSchemaType.Null : default;
            schema.Type = value.Type | nullable;
            schema.Description ??= value.Description;
            schema.Examples = [value.Example.DeepClone()];
        }
    }

    private static OpenApiParameter Header(string name, string description) =>
        new() { Name = name, In = ParameterLocation.Header, Description = description, Schema = Text() };

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };
}
