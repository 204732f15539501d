using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.Security;
using Fabric.Intent.Validation;
using Fabric.Storage;
using Fabric.Storage.Access;

namespace Fabric.Controller.Endpoints;

/// <summary>API tokens: made, listed, revoked; by administrators.</summary>
public static class TokenEndpoints
{
    // api / v1 / tokens / id
    private const int IdSegment = 3;

    /// <summary>Maps the endpoints.</summary>
    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("tokens").WithTags("Token").RequireRole(Role.Admin);
        group.MapGet("", (FabricStore store) => ApiJson.Result(new TokenList([.. store.Tokens.All.Select(Of)])))
            .WithName("listTokens").WithSummary("Lists tokens, without their secrets.").Produces<TokenList>();
        group.MapPost("", CreateAsync).WithName("createToken").WithSummary("Makes a token; its secret is shown this once. Takes no Idempotency-Key.")
            .Accepts<TokenRequest>(ApiJson.MediaType).Produces<TokenDocument>(201).WithProblems(400, 409, 413, 415, 422, 503, 507);
        group.MapDelete("{id}", RevokeAsync).WithName("revokeToken").WithSummary("Makes a token useless from now on.").Produces(204).WithProblems(404, 503, 507);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, FabricStore store, TimeProvider time)
    {
        if (context.Request.Headers.ContainsKey("Idempotency-Key"))
        {
            return Problems.Malformed("a token cannot be made with an Idempotency-Key, since its secret would have to be kept");
        }

        using var json = await RequestBody.ReadAsync(context);
        var (name, role, expires) = ObjectReader.ReadBody(json, reader =>
        {
            var nameText = reader.Text("name", required: true);
            if (nameText is not null && NameRules.Fault(nameText) is { } fault)
            {
                reader.Fail("name", fault);
            }

            var roleText = reader.Text("role", required: true);
            if (roleText is not null && Roles.Parse(roleText) is null)
            {
                reader.Fail("role", "must be one of viewer, operator, admin");
            }

            var end = reader.Time("expires");
            if (end <= time.GetUtcNow())
            {
                reader.Fail("expires", "must be in the future");
            }

            reader.End();
            return (nameText, roleText, end);
        });
        var secret = TokenSecret.Create();
        return await store.Tokens.CreateAsync(name!, role!, TokenSecret.Hash(secret), expires, Origin(context), context.RequestAborted) is { } token
            ? ApiJson.Result(Of(token) with { Token = secret }, 201)
            : Problems.Exists($"there is a valid token '{name}' already; revoke it or choose another name");
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, FabricStore store)
    {
        var id = RequestPath.Segment(context, IdSegment);
        return await store.Tokens.RevokeAsync(id, Origin(context), context.RequestAborted)
            ? Results.NoContent()
            : Problems.NotFound("there is no token with this id");
    }

    private static WriteOrigin Origin(HttpContext context)
    {
        var caller = context.Caller();
        return new WriteOrigin(caller.Name, caller.Role.Name(), RequestReason.Of(context.Request), "api");
    }

    private static TokenDocument Of(ApiToken token) => new()
    {
        Id = token.Id,
        Name = token.Name,
        Role = token.Role,
        Created = token.Created,
        Expires = token.Expires,
        Revoked = token.Revoked,
    };
}
