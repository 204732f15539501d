namespace Fabric.Controller.Security;

/// <summary>Who makes a request.</summary>
/// <param name="TokenId">Id of the token.</param>
/// <param name="Name">Name of the token.</param>
/// <param name="Role">What it may do.</param>
/// <param name="IsValid">Asks anew whether the token is still valid.</param>
public sealed record Caller(string TokenId, string Name, Role Role, Func<bool> IsValid);

/// <summary>The role that an endpoint needs; endpoints without one need <see cref="Role.Viewer"/>.</summary>
/// <param name="Role">The least role.</param>
public sealed record RoleRequirement(Role Role);

/// <summary>Marks endpoints that need no token.</summary>
public sealed record OpenToAll;

/// <summary>Extensions for the above.</summary>
public static class CallerExtensions
{
    /// <summary>Who makes the request.</summary>
    public static Caller Caller(this HttpContext context) => context.Features.Get<Caller>() ?? throw new InvalidOperationException("the endpoint is open to all");

    /// <summary>Lets only callers with at least this role in.</summary>
    public static TBuilder RequireRole<TBuilder>(this TBuilder builder, Role role)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoleRequirement(role));
}
